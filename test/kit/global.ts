/** Started once by the test runner, before any test file; each server's address reaches the files by environment. */
export async function globalSetup(): Promise<void> {}

/** Stops what globalSetup started. */
export async function globalTeardown(): Promise<void> {}
