import { membershipSuite } from './membership-suite.ts'

membershipSuite('membership in a KIP-848 group', 1)
