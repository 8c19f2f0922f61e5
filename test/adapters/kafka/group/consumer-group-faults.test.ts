import { faultsSuite } from './faults-suite.ts'

faultsSuite('a member of a KIP-848 group in trouble', 1)
