import type * as T from 'typebox'

type Options = Readonly<Record<string, unknown>>
const OPTIONAL = '~optional'

type ReadonlyDeep<V> = V extends readonly (infer I)[]
  ? readonly ReadonlyDeep<I>[]
  : V extends object
    ? { readonly [K in keyof V]: ReadonlyDeep<V[K]> }
    : V

/** The type of what a schema describes, for code that only reads it: so the two cannot differ. */
export type Described<S extends T.TSchema> = ReadonlyDeep<T.Static<S>>

const schema = <S extends T.TSchema>(keywords: Options, options: Options = {}): S =>
  ({ ...keywords, ...options }) as unknown as S

const isRequired = (property: T.TSchema): boolean => !(OPTIONAL in property) && !('default' in property)

/**
 * Typebox's builder under the same names, with its types but without loading it: importing typebox costs
 * about 80 ms, these functions nothing. They give plain JSON Schema for ajv and editors. A property with
 * a `default` is not in `required`: ajv fills it in, so code always sees it.
 */
export const Type = {
  String: (options?: Options): T.TString => schema({ type: 'string' }, options),
  Integer: (options?: Options): T.TInteger => schema({ type: 'integer' }, options),
  Number: (options?: Options): T.TNumber => schema({ type: 'number' }, options),
  Boolean: (options?: Options): T.TBoolean => schema({ type: 'boolean' }, options),
  Unknown: (options?: Options): T.TUnknown => schema({}, options),
  Literal: <V extends string | number | boolean>(value: V, options?: Options): T.TLiteral<V> =>
    schema({ const: value }, options),
  /** One of some texts or numbers: a JSON Schema `enum`, which gives one error for one typo. */
  Enum: <const V extends readonly (string | number)[]>(
    values: V,
    options?: Options,
  ): T.TEnum<[...{ -readonly [K in keyof V]: V[K] }]> => schema({ enum: [...values] }, options),
  Array: <I extends T.TSchema>(items: I, options?: Options): T.TArray<I> =>
    schema({ type: 'array', items }, options),
  /** A map with free keys. */
  Map: <V extends T.TSchema>(
    values: V,
    options?: Options,
  ): T.TUnsafe<Readonly<Record<string, T.Static<V>>>> =>
    schema({ type: 'object', additionalProperties: values }, options),
  /** An object with these keys and no others. */
  Object: <P extends T.TProperties>(properties: P, options?: Options): T.TObject<P> => {
    const required = Object.keys(properties).filter((key) => isRequired(properties[key] ?? {}))
    return schema(
      { type: 'object', properties, ...(required.length > 0 && { required }), additionalProperties: false },
      options,
    )
  },
  Union: <U extends T.TSchema[]>(anyOf: [...U], options?: Options): T.TUnion<U> => schema({ anyOf }, options),
  /** Any keywords with a type of one's own. */
  Unsafe: <V>(keywords: Options): T.TUnsafe<V> => schema(keywords),
  /** Marks a property that may be left out; invisible to ajv. */
  Optional: <S extends T.TSchema>(property: S): T.TOptional<S> =>
    Object.defineProperty({ ...property }, OPTIONAL, { value: true }) as T.TOptional<S>,
} as const
