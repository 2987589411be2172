import { contentModule } from './lib/content.ts'

/** A file whose content is rendered from a template. */
export const template = contentModule({
  name: 'template',
  about: 'Keep a file as a template renders it, with owner, group and mode.',
  src: 'Template below `templates/` of the site or of hactl.',
  source: 'template',
  examples: [
    `template:
  src: common/chrony.conf.hbs
  path: /etc/chrony/chrony.conf
  owner: root
  group: root
  mode: "0644"
  validate: [chronyd, -p, -f, "%s"]`,
    `template:
  path: /etc/motd
  content: "{{ inventory_hostname }} is a member of {{ cluster.name }}\\n"`,
  ],
})
