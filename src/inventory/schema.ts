import { NAMES } from '../schema/names.ts'

/** What the published inventory schema needs to know of a stack. */
export interface PublishedStack {
  readonly name: string
  readonly about: string
  /** Its `cluster` variable as published, templates allowed. */
  readonly vars: object
}

const text = (description: string): object => ({ type: 'string', description })
/** A reference to another variable in place of the value. `if`/`else` gives editors one message for one mistake. */
const TEMPLATE = { type: 'string', pattern: '\\{\\{' } as const

const flag = (description: string): object => ({
  description,
  if: TEMPLATE,
  else: { type: 'boolean' },
})
const whole = (description: string, maximum: number): object => ({
  description,
  if: TEMPLATE,
  else: { type: 'integer', minimum: 1, maximum },
})

/** Ansible's connection variables that hactl acts on. */
const CONNECTION = {
  ansible_host: text('Address or name that the host is reached by; default: its name in the inventory.'),
  ansible_port: whole('Port of sshd; default: what ~/.ssh/config says, or 22.', 65_535),
  ansible_user: text('Account to log in as; default: what ~/.ssh/config says.'),
  ansible_connection: {
    enum: ['ssh', 'local'],
    default: 'ssh',
    description: 'ssh, or local for this machine.',
  },
  ansible_ssh_private_key_file: text('Private key; relative to the inventory.'),
  ansible_password: text('Login password; write "{{ secrets.name }}".'),
  ansible_become: flag('Become another account (root) by sudo.'),
  ansible_become_user: text('The account to become; default: root.'),
  ansible_become_password: text('Password for sudo; write "{{ secrets.name }}".'),
  ansible_ssh_common_args: text(
    '-o ProxyCommand=, -o ProxyJump=, -J, -o UserKnownHostsFile=, -o IdentityFile= and -i.',
  ),
  ansible_ssh_timeout: whole('Seconds until a connection attempt is given up; default: 10.', 3600),
} as const

const HOST = {
  nic: {
    description: 'Network interface that carries the virtual addresses, e.g. eth0.',
    if: TEMPLATE,
    else: { type: 'string', pattern: NAMES.nic.pattern },
  },
  links: {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    description: 'Addresses of the host, one for each network of the cluster.',
  },
} as const

/** JSON Schema (draft-07) of an inventory file: Ansible's layout, and `cluster` by the stack it names. */
export function inventorySchema(stacks: readonly PublishedStack[]): object {
  const ref = (name: string): object => ({ $ref: `#/definitions/${name}` })
  const mapOf = (name: string, description: string): object => ({
    type: ['object', 'null'],
    description,
    additionalProperties: ref(name),
  })
  return {
    type: 'object',
    description: 'An Ansible inventory whose variable `cluster` describes a PostgreSQL cluster.',
    additionalProperties: ref('group'),
    definitions: {
      group: {
        type: ['object', 'null'],
        properties: {
          hosts: mapOf('host', 'Hosts by name; ranges such as pg[1:3] stand for many.'),
          children: mapOf('group', 'Groups inside this one.'),
          vars: { anyOf: [ref('vars'), { type: 'null' }] },
        },
        additionalProperties: false,
      },
      host: {
        type: ['object', 'null'],
        description: 'Variables of one host.',
        properties: { ...CONNECTION, ...HOST },
      },
      vars: {
        type: 'object',
        description: 'Variables of all hosts of the group.',
        properties: { ...CONNECTION, ...HOST, cluster: ref('cluster') },
      },
      cluster: clusterSchema(stacks),
    },
  }
}

/** JSON Schema of a variables file: `group_vars/NAME.yml`, `host_vars/NAME.yml`, the variables of a lab. */
export const varsSchema = (stacks: readonly PublishedStack[]): object => ({
  type: ['object', 'null'],
  description: 'Variables of hosts.',
  properties: { ...CONNECTION, ...HOST, cluster: { $ref: '#/definitions/cluster' } },
  definitions: { cluster: clusterSchema(stacks) },
})

const clusterSchema = (stacks: readonly PublishedStack[]): object => ({
  type: 'object',
  description: 'The cluster that the hosts of the group form.',
  required: ['name', 'stack'],
  properties: {
    name: { type: 'string', description: 'Name of the cluster.' },
    stack: {
      enum: stacks.map((stack) => stack.name),
      description: stacks.map((stack) => `${stack.name}: ${stack.about}`).join('\n'),
    },
  },
  allOf: stacks.map((stack) => ({
    if: { not: { properties: { stack: { const: stack.name } }, required: ['stack'] } },
    else: stack.vars,
  })),
})
