// The engine's entry for the launcher and the desktop shell. What it does is start-engine.ts.
import { sayProblem } from './say-problem.ts'
import { startEngine } from './start-engine.ts'

startEngine(process.argv.slice(2)).catch((error: unknown) => {
  sayProblem(error, 'Updraft could not start')
  process.exitCode = 1
})
