// Secrets in the shapes in which they come: what is ours by value, what is others' by its look. Plain words stay.
import { expect, test } from 'vitest'
import { redact, rememberSecret } from './redact.ts'

test('what looks like a secret, or is known to be one, is taken out; the rest stays', () => {
  rememberSecret('canary-5f2c9d')
  const lines = [
    'the canary-5f2c9d sang',
    'Authorization: Bearer abc.def-123',
    'RAY_AUTH_TOKEN=0123456789abcdef next',
    '"api_key": "AbCdEf123456"',
    'HF_TOKEN: hf_abcdefghijklmnopqrstuv',
    'http://u.localhost:1/sign-in/aB3_x-9 opened',
    'cloned https://me:hunter2@host.example/repo',
    'pushed with ghp_abcdefghijklmnopqrstuvwx',
    '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----',
    'tokens per second: 1200',
    'password was wrong',
  ]
  expect(lines.map(redact)).toMatchInlineSnapshot(`
    [
      "the (removed) sang",
      "Authorization: Bearer (removed)",
      "RAY_AUTH_TOKEN=(removed) next",
      ""api_key": "(removed)"",
      "HF_TOKEN: (removed)",
      "http://u.localhost:1/sign-in/(removed) opened",
      "cloned https://me:(removed)@host.example/repo",
      "pushed with (removed)",
      "-----BEGIN PRIVATE KEY-----(removed)-----END PRIVATE KEY-----",
      "tokens per second: 1200",
      "password was wrong",
    ]
  `)
})
