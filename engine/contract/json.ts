// JSON values as types: what nbformat metadata and MIME bundles are made of.
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }
