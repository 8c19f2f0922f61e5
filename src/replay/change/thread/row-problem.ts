/** What is wrong with an event, or with what a module made of it; the message is the whole reason. */
export class RowProblem extends Error {}
