import { testInLanes } from './kit/in-lanes.ts'
import { replayScenarios } from './scenarios/replay/index.ts'

testInLanes('replay', replayScenarios)
