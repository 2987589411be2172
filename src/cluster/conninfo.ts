/** Connection strings and passfiles of libpq. The code is with the PostgreSQL modules, which need it too. */
export { formatConninfo, parseConninfo, passfileLine } from '../modules/postgres/conninfo.ts'
