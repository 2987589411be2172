import { contentModule } from './lib/content.ts'

/** A file whose content is given as it is. */
export const copy = contentModule({
  name: 'copy',
  about: 'Keep a file with exactly this content, owner, group and mode.',
  src: 'File below `files/` of the site or of hactl; taken as it is, without templating.',
  source: 'file',
  examples: [
    `copy:
  path: /etc/sudoers.d/hactl
  content: "postgres ALL=(root) NOPASSWD: /usr/bin/systemctl\\n"
  mode: "0440"
  validate: [visudo, -c, -f, "%s"]`,
  ],
})
