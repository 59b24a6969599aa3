/**
 * The API's paths, methods, bodies and answers, read out of the generated schema: a call that the
 * API does not know does not compile.
 */

import type { paths } from "@/api/__generated__/schema";

type Known = keyof paths;
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
/** `/runs/{run_id}` as `/runs/${string}`. */
type Fill<P> = P extends `${infer Before}{${string}}${infer After}`
  ? `${Before}${string}${Fill<After>}`
  : P;
type Short<K> = K extends `/api/v1${infer P}` ? Fill<P> : never;

/** Every path of the API, without its prefix. */
export type ApiPath = Short<Known>;

/** The schema's name of a path. Both ways, so that `/runs/${string}` is not `/runs/${string}/…`. */
type Name<P> = {
  [K in Known]: [P, Short<K>] extends [Short<K>, P] ? K : never;
}[Known];

/** The methods that a path has. */
export type MethodOf<P> = {
  [M in Method]: paths[Name<P>] extends { [key in Lowercase<M>]: object } ? M : never;
}[Method];

type Operation<P, M> = M extends Method
  ? paths[Name<P>] extends { [key in Lowercase<M>]: infer O }
    ? O
    : never
  : never;

type Json<T> = { content: { "application/json": T } };

export type BodyOf<P, M> =
  Operation<P, M> extends { requestBody?: infer R }
    ? NonNullable<R> extends Json<infer T>
      ? T
      : never
    : never;

export type QueryOf<P, M> =
  Operation<P, M> extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never;

/** What a successful call answers; undefined when there is nothing to say (204). */
export type AnswerOf<P, M> =
  Operation<P, M> extends { responses: infer R }
    ? R extends { 200: Json<infer T> }
      ? T
      : R extends { 201: Json<infer T> }
        ? T
        : R extends { 202: Json<infer T> }
          ? T
          : undefined
    : never;
