/** Filters of Jinja and what stands for them here. */
const FILTERS: Readonly<Record<string, string>> = {
  default: "{{ default x 'y' }}",
  d: "{{ default x 'y' }}",
  join: "{{ join list ',' }}",
  lower: '{{ lower x }}',
  upper: '{{ upper x }}',
  replace: "{{ replace x 'from' 'to' }}",
  to_json: '{{ json x }}',
  to_yaml: '{{ yaml x }}',
  quote: '{{ quote x }}',
  length: '{{ length x }}',
  count: '{{ length x }}',
  first: '{{ first list }}',
  int: 'no conversion is needed',
  bool: 'no conversion is needed',
  string: 'no conversion is needed',
  indent: '{{ indent x 2 }}',
  map: "{{ pluck list 'key' }}",
  difference: "{{ without list 'a' 'b' }}",
  split: "{{ split x ',' }}",
  trim: '{{ x }}',
}

const WORDS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [
    /\{%-?\s*(?:if|elif|else|endif|for|endfor|set|endset|include|extends|import|from|macro|endmacro|block|endblock|raw|endraw|with|endwith|filter|do|call)\b/,
    'write {{#if x}} … {{else}} … {{/if}}, or {{#each list as |item|}} … {{/each}}; a file that hactl must not read as a template goes through `copy`',
  ],
  [
    /\{\{[^}]*\b(?:lookup|query)\(/,
    'lookups of Ansible do not exist here: use a variable, a secret or a fact',
  ],
  [/\{\{[^}]*?[\w\])]\s*(?:==|!=)/, 'write {{ eq a b }} or {{ ne a b }}'],
  [/\{\{[^}]*?[\w\])]\s*(?:>=|<=|>|<)\s*[\w(]/, 'write {{ gt a b }}, {{ gte a b }} or {{ lt a b }}'],
  [/\{\{[^}]*?\bis\s+(?:not\s+)?(?:defined|undefined)\b/, 'write {{ defined x }}'],
  [/\{\{[^#^/}][^}]*?[\w\])'"]\s+if\s+[^}]*?\s+else\s/, 'write {{#if condition}}a{{else}}b{{/if}}'],
  [/\{\{[^}]*?[\w\])'"]\s+(?:and|or)\s+[\w('"]/, 'write {{ and a b }} or {{ or a b }}'],
  [/\{\{[^}]*?\w\s+(?:not\s+)?in\s+[\w('"]/, 'write {{ in value list }}'],
  [/\{\{[^}]*?[\w\])'"]\s*~\s*[\w('"]/, 'write {{ concat a b }}, or put both beside each other'],
  [/\{\{[^}]*?[\w\])]\s*[-+*/]\s+[\w(]/, 'write {{ add a b }}'],
  [/\{\{[^}]*?\w\[\s*['"]/, 'write {{ map.key }}, or {{ lookup map "key" }}'],
  [/\{\{[^}]*?\w\[\s*-?\d+/, 'write {{ first list }}, or {{ lookup list 0 }}'],
  [/\{\{[^}]*?\w\[/, 'write {{ lookup map key }}'],
  [/\{\{[^}]*?\w\(/, 'there are no calls with (); a helper is written {{ helper argument }}'],
]

/** How to write what is Jinja in a text; undefined when nothing in it looks like Jinja. */
export function jinjaHint(text: string): string | undefined {
  const part = text.slice(0, 20_000)
  const filter = /\{\{[^}]*?\|\s*(\w+)/.exec(part)?.[1]
  if (filter !== undefined && !/\bas\s*\|/.test(part)) {
    const ours = Object.hasOwn(FILTERS, filter) ? FILTERS[filter] : undefined
    return ours === undefined
      ? `there are no filters; a helper is written {{ helper x }}`
      : `instead of "| ${filter}": ${ours}`
  }
  return WORDS.find(([pattern]) => pattern.test(part))?.[1]
}

/** A statement of Jinja, which would be written as it stands; its offset, or -1. */
export const jinjaStatement = (text: string): number =>
  text.includes('{%') && text.includes('%}') ? text.search(WORDS[0]?.[0] ?? /$^/) : -1
