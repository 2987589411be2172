/**
 * Makes a CA certificate and a host certificate of the CA key on standard input, which stays in the shell's memory:
 * no file and no argument holds it. The host's key is kept when it can be read, so that a renewal is one rename.
 * `openssl ca` is used because only it sets the first day in OpenSSL 1.1.1 and 3.0: hosts made side by side must
 * accept each other although their clocks differ. The year 9999 is RFC 5280's "no well-defined expiration".
 */
export const ISSUE_SCRIPT = `set -eu
umask 077
ca=$1 cert=$2 key=$3 owner=$4 group=$5 ca_name=$6 name=$7 days=$8 names=$9
ca_key=$(cat)
work=$(mktemp -d)
trap 'rm -rf "$work"; rm -f "$ca.hactl-new" "$cert.hactl-new" "$key.hactl-new"' EXIT
trap 'exit 1' HUP INT TERM
: >"$work/index"
cat >"$work/conf" <<END
[ca]
default_ca = own
[own]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = empty
[empty]
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[host]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = $names
END
quiet() { "$@" 2>"$work/errors" || { cat "$work/errors" >&2; exit 1; }; }
with_ca_key() { printf '%s\\n' "$ca_key" | quiet "$@"; }
place() {
  chown "$owner:$group" "$1.hactl-new"
  chmod "$2" "$1.hactl-new"
  sync "$1.hactl-new"
  mv -f "$1.hactl-new" "$1"
}
with_ca_key openssl req -new -config "$work/conf" -subj "/CN=$ca_name" -key /dev/stdin -out "$work/ca.csr"
with_ca_key openssl ca -batch -notext -config "$work/conf" -selfsign -extensions authority -keyfile /dev/stdin \\
  -startdate 20000101000000Z -enddate 99991231235959Z -in "$work/ca.csr" -out "$work/ca.crt"
if openssl pkey -in "$key" -noout 2>/dev/null; then cp "$key" "$key.hactl-new"
else quiet openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key.hactl-new"; fi
quiet openssl req -new -config "$work/conf" -subj "/CN=$name" -key "$key.hactl-new" -out "$work/host.csr"
with_ca_key openssl ca -batch -notext -config "$work/conf" -extensions host -cert "$work/ca.crt" -keyfile /dev/stdin \\
  -startdate "$(date -u -d '-1 day' +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "+$days days" +%Y%m%d%H%M%SZ)" \\
  -in "$work/host.csr" -out "$cert.hactl-new"
quiet openssl verify -CAfile "$work/ca.crt" "$cert.hactl-new" >/dev/null
cp "$work/ca.crt" "$ca.hactl-new"
place "$key" 0640
place "$ca" 0644
place "$cert" 0644
`
