import { testInLanes } from './kit/in-lanes.ts'
import { scenarios } from './scenarios/index.ts'

testInLanes('capture', scenarios)
