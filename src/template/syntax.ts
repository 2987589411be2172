import type { TextPlace } from './errors.ts'

/** The syntax tree of Handlebars' parser, as far as it is understood here. */
interface Placed {
  readonly loc: { readonly start: TextPlace; readonly end: TextPlace }
}

export interface PathExpression extends Placed {
  readonly type: 'PathExpression'
  /** `@root`, `@index`. */
  readonly data: boolean
  /** Number of `../`. */
  readonly depth: number
  readonly parts: readonly string[]
  readonly original: string
}

interface Literal extends Placed {
  readonly type: 'StringLiteral' | 'NumberLiteral' | 'BooleanLiteral'
  readonly value: string | number | boolean
}

interface Nothing extends Placed {
  readonly type: 'UndefinedLiteral' | 'NullLiteral'
}

export interface Call extends Placed {
  readonly path: Expression
  readonly params: readonly Expression[]
  readonly hash?: { readonly pairs: readonly { readonly key: string; readonly value: Expression }[] }
}

export interface SubExpression extends Call {
  readonly type: 'SubExpression'
}

export type Expression = PathExpression | Literal | Nothing | SubExpression

export interface Program {
  readonly body: readonly Statement[]
  readonly blockParams?: readonly string[]
}

export interface Mustache extends Call {
  readonly type: 'MustacheStatement'
}

export interface Block extends Call {
  readonly type: 'BlockStatement'
  /** Absent in `{{^…}}`. */
  readonly program?: Program
  readonly inverse?: Program
}

export type Statement =
  | Mustache
  | Block
  | (Placed & { readonly type: 'ContentStatement'; readonly value: string })
  | (Placed & { readonly type: 'CommentStatement' })
  | (Placed & {
      readonly type: 'PartialStatement' | 'PartialBlockStatement' | 'Decorator' | 'DecoratorBlock'
    })
