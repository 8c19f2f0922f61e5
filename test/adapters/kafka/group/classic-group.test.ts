import { membershipSuite } from './membership-suite.ts'

membershipSuite('membership in a classic group, on a broker without KIP-848', 0)
