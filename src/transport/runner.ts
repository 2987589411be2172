import { randomBytes } from 'node:crypto'
import { bytesToText, textToBytes } from '../lib/bytes.ts'
import { quote } from '../lib/quote.ts'

/** What one session's runner is made of: the text it evaluates and the mark that frames its answers. */
export interface Runner {
  /** Starts every record. Random, sent on standard input only, so no other account of the host can forge it. */
  readonly mark: string
  /** The text of the reader with the commands of the first batch in it: what is read at once costs one process. */
  script(first: Buffer): Buffer
  /** Shell words that evaluate such a text from the first bytes of standard input; safe in fish and csh too. */
  boot(script: Buffer): string
}

/**
 * Runs the commands of one batch, each in the foreground (one vfork), in a process group of its own that the
 * reader can kill. Output goes to files in a private tmpfs folder, opened for appending: what a left-over
 * background process writes later lands behind the end mark and is dropped. Every process costs a host about a
 * millisecond, so files are emptied behind a batch (`_f`), and removed by the reader only now and then.
 * No single quotes in here: it is embedded in READER in single quotes.
 */
const WORKER = String.raw`d=$1 i=$2 k=0 R= L= t= l= q= F= O=$1/o.$2.0 E=$1/e.$2.0
trap t=t TERM
trap q=q USR1
_i() {
printf %s "$1" >$d/i.$i.$k || { l=l; return 1; }
}
_z() {
s=
if [ -s $O ]; then echo "$M"o$k >>$O && s="$d/s $O" || l=l; elif [ ! -e $O ]; then l=l; fi
if [ -s $E ]; then echo "$M"e$k >>$E && s="$s $d/s $E" || l=l; fi
[ "$s" ] && L="$L $s"
R="$R $1$t$l"
echo "$1$t$l $s" >>$d/r
k=$((k+1)) t= l= O=$d/o.$i.$k E=$d/e.$i.$k
[ "$q" ] && _f
[ "$F" ] || return 0
case $2 in
any) ;;
"") [ "$1" = 0 ] || _f ;;
*) case ",$2," in *",$1,"*) ;; *) _f ;; esac ;;
esac
}
_f() {
echo $i >$d/n
[ "$L" ] && cat $L
echo "$M"d$i$R
for f in $L $d/i.$i.* $d/b; do [ $f = $d/s ] || [ ! -s $f ] || : >$f; done
exit
}
_p() {
for v in @PROXIES@; do eval "[ \"\${HACTL_$v}\" ] && export $v=\"\$HACTL_$v\""; done
}
_a() (
u=$1
shift
[ -O / ] || exec sudo -n -u "$u" -- env LC_ALL=C "$@"
[ "$u" = root ] && exec "$@"
eval "HOME=~$u"
export HOME USER="$u" LOGNAME="$u"
exec runuser -u "$u" -- "$@"
)
if [ "$3" ]; then
while read -r c s; do R="$R $c" L="$L $s" k=$((k+1)); done <$d/r
t=t O=$d/o.$i.$k E=$d/e.$i.$k
_z 137
else
. $d/b
fi 2>/dev/null
_f`

/** What an account's login may say about proxies, in both ways of writing. */
const PROXIES = ['http', 'https', 'ftp', 'all', 'no']
  .flatMap((kind) => [`${kind}_proxy`, `${kind.toUpperCase()}_PROXY`])
  .join(' ')

/**
 * Reads frames from standard input and never blocks on a command: `B` starts a batch, `T` kills one command,
 * `C` cancels, `P` asks which command runs (answered on stderr, because stdout belongs to the worker), `E` says what
 * the host does when the session ends, however it ends; end of input means the controller is gone. Sizes are read
 * with `dd`, because the `head -c` of busybox reads ahead. The file `n` tells which batch is done.
 */
const READER = String.raw`unset M D
M=@MARK@
w= I= e= d=
while read -r a; do
case $a in
"export "[A-Za-z_]*=*) ;;
*) continue ;;
esac
a=\${a#export } a=\${a%%=*}
case $a in
*[!A-Za-z0-9_]*|PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TERM|SSH_*|SUDO_*|SHELLOPTS|BASHOPTS) ;;
*_proxy|*_PROXY) eval "HACTL_$a=\$$a"; export HACTL_$a; unset $a ;;
*) unset $a ;;
esac
done <<E
$(export -p)
E
export LC_ALL=C HACTL_SESSION_PID=$$ PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
umask 022
cd /
W='@WORKER@'
_h() {
[ $1 = 0 ] || dd bs=$1 count=1 iflag=fullblock 2>/dev/null
}
_b() {
[ "$w" ] && read -r m <$d/n && [ "$m" != "$I" ]
}
_x() {
trap "" TERM HUP INT PIPE
[ "$1" ] && echo "hactl: $1" >&2
if _b; then
kill -USR1 $w
kill -TERM -$w
n=0
while [ $n -lt 20 ]; do sleep .1 || sleep 1; kill -0 -$w || break; n=$((n+1)); done
kill -KILL -$w
fi 2>/dev/null
D=$d
eval "$e" 2>/dev/null
[ "$D" ] && rm -rf $D
exit 1
}
_k() {
_b || return
kill -$1 -$w 2>/dev/null
[ $1 = KILL ] || return
wait $w 2>/dev/null
_b && sh $d/p $d $I K </dev/null
}
_j() {
k=0
_b && while read -r a; do k=$((k+1)); done <$d/r
}
f=
trap _x TERM HUP INT PIPE
for a in /run /dev/shm /tmp; do
[ -w $a ] || continue
d=$a/.hactl-@FOLDER@
mkdir -m 700 $d 2>/dev/null || continue
{ echo "$M<" >$d/s && echo 0 >$d/n && printf "%s\n" "unset M" "M=$M" "$W" >$d/p; } 2>/dev/null && f=1 && break
rm -rf $d
done
[ "$f" ] || { echo "hactl: no space in /run, /dev/shm or /tmp for a work folder" >&2; exit 1; }
echo "$M"h
while read -r o i n r; do
case $o in
B)
wait
case $i in *[05]) rm -f $d/[oei].* ;; esac
if [ "$B" ]; then printf %s "$B" >$d/b; else _h $n >$d/b; fi || _x "no space left in $d"
B=
for a in $r; do _h \${a#*:} >$d/i.$i.\${a%:*} || _x "no space left in $d"; done
>$d/r || _x "no space left in $d"
I=$i
setsid sh $d/p $d $i </dev/null &
w=$!
;;
T) _j; [ $k = $i ] && _k $n ;;
C) _b && kill -USR1 $w && _k $i ;;
P) _j; echo "$M"p$k >&2 ;;
E) e="$i $n $r" ;;
esac
done
_x`

/** Makes the runner of a new session: fresh mark and work folder name. */
export function createRunner(): Runner {
  const mark = randomBytes(9).toString('hex')
  const text = READER.replaceAll('\\${', '${')
    .replace('@MARK@', mark)
    .replace('@FOLDER@', randomBytes(9).toString('hex'))
    .replace('@WORKER@', () => WORKER.replace('@PROXIES@', PROXIES))
  return {
    mark,
    script: (first) => textToBytes(`B=${quote(bytesToText(first))}\n${text}`),
    boot: (script) => `eval "$(dd bs=${script.length} count=1 iflag=fullblock 2>/dev/null)"`,
  }
}
