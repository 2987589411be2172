import { styled } from '../lib/terminal.ts'

export type Tone = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

/** Underlines a text with a colour; the text already says everything without it. */
export type Paint = (tone: Tone, text: string) => string

export const plainPaint: Paint = (_tone, text) => text

export const colorPaint: Paint = styled
