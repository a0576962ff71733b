// The engine's entry for the launcher and the desktop shell. What it does is start-engine.ts.
import { sayProblem } from './say-problem.ts'
import { startEngine } from './start-engine.ts'

startEngine(process.argv.slice(2)).catch((error: unknown) => {
  sayProblem(error, 'Updraft could not start')
  // What was begun (a port, a dialled outpost) would keep the process alive and half an engine with it.
  process.exit(1)
})
