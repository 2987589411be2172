import { contentModule } from './lib/content.ts'

/** A file whose content is given as it is. */
export const copy = contentModule({
  name: 'copy',
  about: 'Keep a file with exactly this content, owner, group and mode.',
  src: 'File below `files/` of the site or of hactl; taken as it is, without templating. One that is no text, or has more than 1 MiB, is streamed and compared by its hash.',
  source: 'file',
  examples: [
    `copy:
  path: /etc/sudoers.d/hactl
  content: "postgres ALL=(root) NOPASSWD: /usr/bin/systemctl\\n"
  mode: "0440"
  validate: [visudo, -c, -f, "%s"]`,
  ],
})
