import { faultsSuite } from './faults-suite.ts'

faultsSuite('a member of a classic group in trouble', 0)
