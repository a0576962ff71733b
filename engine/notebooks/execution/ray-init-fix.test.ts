import { expect, test } from 'vitest'
import { applyEdit } from '../../contract/text-edit.ts'
import { isRayInitConflict, rayInitFix } from './ray-init-fix.ts'

const fixed = (source: string) => {
  const edit = rayInitFix(source)
  return edit === undefined ? 'no fix' : applyEdit(source, edit)
}

test("Ray's own words are recognised, another ValueError is not", () => {
  expect(
    isRayInitConflict('ValueError', 'When connecting to an existing cluster, num_cpus and num_gpus must not be provided.'),
  ).toBe(true)
  expect(isRayInitConflict('ValueError', 'When connecting to an existing cluster, resources must not be provided.')).toBe(true)
  expect(isRayInitConflict('ValueError', 'When connecting to an existing database, num_cpus')).toBe(false)
  expect(
    isRayInitConflict('RuntimeError', 'When connecting to an existing cluster, num_cpus and num_gpus must not be provided.'),
  ).toBe(false)
})

test('the arguments that Ray refuses go, everything else of the cell stays', () => {
  const cells = [
    'import ray\nray.init(num_cpus=4)\nprint(1)',
    'ray.init(num_cpus=4, num_gpus=0, ignore_reinit_error=True)',
    'ray.init(ignore_reinit_error=True, num_cpus=len([1, 2]))',
    'ray.init(\n    logging_level="ERROR",  # keep, num_cpus=3\n    num_cpus=max(2, 3),\n    runtime_env={"pip": ["a,b"]},\n)',
    'ray.init(address="auto")',
    'x = "ray.init(num_cpus=4)"  # ray.init(num_cpus=4)',
    'myray.init(num_cpus=2)',
    'ray.init(num_cpus=2',
    "ray.init(namespace='a(', num_cpus=2,)",
  ]
  expect(cells.map(fixed).join('\n----\n')).toMatchInlineSnapshot(`
    "import ray
    ray.init()
    print(1)
    ----
    ray.init(ignore_reinit_error=True)
    ----
    ray.init(ignore_reinit_error=True)
    ----
    ray.init(
        logging_level="ERROR",
        runtime_env={"pip": ["a,b"]})
    ----
    no fix
    ----
    no fix
    ----
    no fix
    ----
    no fix
    ----
    ray.init(namespace='a(')"
  `)
})
