/** Where the files of one server are. */
export interface Layout {
  readonly kind: 'debian' | 'plain'
  readonly version: string
  readonly dataDir: string
  /** Holds postgresql.conf and pg_hba.conf. */
  readonly confDir: string
  /** The file of settings that hactl owns. */
  readonly ownConf: string
}

/** `15`, and `9.6` for 96: the directory names of versions before 10 have a dot. */
export const versionText = (version: number): string =>
  isOldVersion(version) ? `${Math.floor(version / 10)}.${version % 10}` : String(version)
/** In YAML 96 stands for 9.6; from 10 on the number is the version itself. */
export const isOldVersion = (version: number): boolean => version >= 90 && version < 100

export const debianLayout = (version: string, name: string, dataDir?: string): Layout => ({
  kind: 'debian',
  version,
  dataDir: dataDir ?? `/var/lib/postgresql/${version}/${name}`,
  confDir: `/etc/postgresql/${version}/${name}`,
  ownConf: `/etc/postgresql/${version}/${name}/conf.d/hactl.conf`,
})

/** PGDG's packages for the RHEL family keep the version in the path; the distribution's do not. */
export const plainLayout = (version: string, dataDir: string): Layout => ({
  kind: 'plain',
  version,
  dataDir,
  confDir: dataDir,
  ownConf: `${dataDir}/hactl.conf`,
})

/** Where programs are, in the order looked at: Debian, PGDG's rpm, the distribution, from source. */
export const binDirs = (version: string): readonly string[] => [
  `/usr/lib/postgresql/${version}/bin`,
  `/usr/pgsql-${version}/bin`,
  '/usr/bin',
  '/usr/local/pgsql/bin',
]
