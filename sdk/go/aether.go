// Package aether logs what a Go program says about its run, for Aether to show: metrics, events, artifacts.
//
//	run, err := aether.Begin("my-project", "first try")
//	...
//	run.Log(step, map[string]float64{"loss": loss})
//	run.Artifact("model.bin", "model", "model")
//	run.Finish()
//
// Below `aether run` it logs into that run; else it begins a run of its own. It writes the log of Aether's
// docs/format.md itself, with the standard library alone. Every call is one write: what was said survives kill -9; Sync
// and the run's end make it survive a power cut. A Run can be shared by goroutines.
package aether

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	longestName    = 65536
	longestBlock   = 60 * 1024 // a frame of points is closed here, so that damage to one costs little
	longestPayload = 1 << 20
)

// Run is a run that this program says something about.
type Run struct {
	// Directory is the run's directory.
	Directory string

	home   string
	record map[string]any // nil below `aether run`, where the record is the supervisor's
	mutex  sync.Mutex
	file   *os.File
	end    int64 // where the log's last whole frame ends
	names  map[string]uint64
}

// Begin returns the run of `aether run` that this program is in, else a new one of that project and name.
func Begin(project, name string) (*Run, error) {
	run := &Run{Directory: os.Getenv("AETHER_RUN_DIR"), names: map[string]uint64{}}
	session := 0
	if run.Directory != "" {
		session, _ = strconv.Atoi(os.Getenv("AETHER_SESSION"))
		if run.home = os.Getenv("AETHER_HOME"); run.home == "" {
			run.home = filepath.Join(run.Directory, "..", "..", "..")
		}
	} else if err := run.create(project, name); err != nil {
		return nil, err
	}
	return run, run.open(uint32(session))
}

// Log says values of metrics at a step, all with the time now. NaN and infinities are values like any other.
func (run *Run) Log(step uint64, values map[string]float64) error {
	run.mutex.Lock()
	defer run.mutex.Unlock()
	now := time.Now().UnixNano()
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	var frames bytes.Buffer
	var fresh []string
	block, lastStep, lastTime := []byte{3}, uint64(0), int64(0)
	for _, whole := range names {
		name := cut(whole, longestName)
		id, known := run.names[name]
		if !known {
			id = uint64(len(run.names))
			run.names[name] = id
			fresh = append(fresh, name)
			frame(&frames, append(binary.AppendUvarint([]byte{2}, id), name...))
		}
		block = binary.AppendUvarint(block, id)
		block = binary.AppendVarint(block, int64(step-lastStep))
		block = binary.AppendVarint(block, now-lastTime)
		block = binary.LittleEndian.AppendUint64(block, math.Float64bits(values[whole]))
		lastStep, lastTime = step, now
		if len(block) > longestBlock {
			frame(&frames, block)
			block, lastStep, lastTime = []byte{3}, 0, 0
		}
	}
	if len(block) > 1 {
		frame(&frames, block)
	}
	err := run.append(frames.Bytes())
	if err != nil {
		for _, name := range fresh {
			delete(run.names, name)
		}
	}
	return err
}

// Event says that something happened. Kind is a short snake_case word, level "info", "warning" or "error". The kinds
// config, summary, tags, text, image, histogram and alert mean what docs/format.md says.
func (run *Run) Event(kind, level string, step uint64, message string, fields map[string]any) error {
	run.mutex.Lock()
	defer run.mutex.Unlock()
	event := func(message string, fields any) ([]byte, error) {
		return json.Marshal(struct {
			Kind    string `json:"kind"`
			Level   string `json:"level"`
			Step    uint64 `json:"step"`
			Message string `json:"message"`
			Fields  any    `json:"fields"`
		}{kind, level, step, message, fields})
	}
	text, err := event(message, finite(fields))
	if err == nil && len(text)+9 > longestPayload {
		text, err = event(cut(message, longestName), map[string]any{"cut": true})
	}
	if err != nil {
		return err
	}
	payload := binary.LittleEndian.AppendUint64([]byte{4}, uint64(time.Now().UnixNano()))
	var frames bytes.Buffer
	frame(&frames, append(payload, text...))
	return run.append(frames.Bytes())
}

// Artifact keeps a file: copies it into the home under its SHA-256 and says so. Returns the digest.
func (run *Run) Artifact(path, name, kind string) (string, error) {
	digest, size, err := run.keep(path)
	if err != nil {
		return "", err
	}
	fields := map[string]any{"name": name, "kind": kind, "digest": digest, "bytes": size, "direction": "output"}
	return digest, run.Event("artifact", "info", 0, "Artifact "+name, fields)
}

// keep hashes while it copies, so that what is kept is what was hashed, even of a file that is changing.
func (run *Run) keep(path string) (digest string, size int64, err error) {
	from, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer from.Close()
	blobs := filepath.Join(run.home, "blobs")
	if err = os.MkdirAll(blobs, 0o777); err != nil {
		return "", 0, err
	}
	part := filepath.Join(blobs, fmt.Sprintf(".new.%d.%d.part", os.Getpid(), time.Now().UnixNano()))
	to, err := os.Create(part)
	if err != nil {
		return "", 0, err
	}
	defer os.Remove(part) // no longer there once it is renamed
	hash := sha256.New()
	size, err = io.Copy(io.MultiWriter(hash, to), from)
	if err = first(err, to.Sync(), to.Close()); err != nil {
		return "", 0, err
	}
	digest = hex.EncodeToString(hash.Sum(nil))
	shelf := filepath.Join(blobs, digest[:2])
	if err = os.MkdirAll(shelf, 0o777); err != nil {
		return "", 0, err
	}
	return digest, size, first(os.Rename(part, filepath.Join(shelf, digest)), syncDirectory(shelf))
}

// Sync returns when all that was said before survives a power cut.
func (run *Run) Sync() error {
	run.mutex.Lock()
	defer run.mutex.Unlock()
	return run.file.Sync()
}

// Finish ends the run well. Below `aether run`, how the program ends is seen by the supervisor.
func (run *Run) Finish() error { return run.finish("done", nil) }

// Fail ends the run as failed, for this reason.
func (run *Run) Fail(reason string) error { return run.finish("failed", reason) }

func (run *Run) finish(state string, reason any) error {
	err := first(run.Sync(), run.file.Close())
	if run.record != nil {
		run.record["state"], run.record["reason"] = state, reason
		run.record["ended"] = time.Now().UTC().Format(time.RFC3339Nano)
		err = first(err, run.writeRecord())
	}
	return err
}

func (run *Run) create(project, name string) error {
	if project == "" || len(project) > 200 || project[0] == '.' || strings.IndexFunc(project, func(r rune) bool { return r == '/' || unicode.IsControl(r) }) >= 0 {
		return fmt.Errorf("%q cannot name a project: no '/', no dot first, 1 to 200 bytes", project)
	}
	var err error
	if run.home, err = home(); err != nil {
		return err
	}
	parent := filepath.Join(run.home, "runs", project)
	if err = os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	var id string
	for {
		if id, err = randomID(); err != nil {
			return err
		}
		run.Directory = filepath.Join(parent, id)
		if err = os.Mkdir(run.Directory, 0o777); err == nil {
			break
		} else if !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	err = first(os.Mkdir(filepath.Join(run.Directory, "signals"), 0o777), os.Mkdir(filepath.Join(run.Directory, "output"), 0o777))
	if err != nil {
		return err
	}
	here, _ := os.Getwd()
	run.record = map[string]any{
		"id": id, "name": name, "project": project, "kind": "script", "state": "running", "spec": map[string]any{},
		"command": masked(os.Args), "directory": here, "host": host(), "pid": os.Getpid(), "pid_start": pidStart(),
		"created": time.Now().UTC().Format(time.RFC3339Nano), "ended": nil, "reason": nil, "resumed": 0,
		"artifacts": []any{},
	}
	return run.writeRecord()
}

// writeRecord writes it beside, syncs and renames: never a part of it.
func (run *Run) writeRecord() error {
	text, err := json.Marshal(run.record)
	if err != nil {
		return err
	}
	part := filepath.Join(run.Directory, fmt.Sprintf(".run.json.%d.0.part", os.Getpid()))
	file, err := os.Create(part)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = first(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return first(os.Rename(part, filepath.Join(run.Directory, "run.json")), syncDirectory(run.Directory))
}

// open makes this process's log.
func (run *Run) open(session uint32) error {
	for {
		start := time.Now().UnixNano()
		writer := fmt.Sprintf("%s-%d-%d", plain(host()), os.Getpid(), start)
		path := filepath.Join(run.Directory, "signals", writer+".log")
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, os.ErrExist) {
			continue
		} else if err != nil {
			return err
		}
		run.file = file
		header := binary.LittleEndian.AppendUint32([]byte("\x01aether\x01\x00"), session)
		header = binary.LittleEndian.AppendUint64(header, uint64(start))
		for _, text := range []string{filepath.Base(run.Directory), writer} {
			header = append(binary.AppendUvarint(header, uint64(len(text))), text...)
		}
		var frames bytes.Buffer
		frame(&frames, header)
		return run.append(frames.Bytes())
	}
}

// append writes frames; what is written of them when that fails is cut off again, so that the log stays whole.
func (run *Run) append(frames []byte) error {
	_, err := run.file.WriteAt(frames, run.end)
	if err != nil {
		return first(err, run.file.Truncate(run.end))
	}
	run.end += int64(len(frames))
	return nil
}

func frame(out *bytes.Buffer, payload []byte) {
	var head [8]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(head[4:], crc32.ChecksumIEEE(payload))
	out.Write(head[:])
	out.Write(payload)
}

// finite puts null for numbers that JSON does not have.
func finite(value any) any {
	switch value := value.(type) {
	case nil:
		return map[string]any{}
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return json.RawMessage("null")
		}
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = finite(item)
		}
		return items
	case []float64:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = finite(item)
		}
		return items
	case map[string]any:
		fields := make(map[string]any, len(value))
		for name, field := range value {
			if field != nil {
				fields[name] = finite(field)
			}
		}
		return fields
	}
	return value
}

// cut returns the longest beginning of at most length bytes that is valid text.
func cut(text string, length int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= length {
		return text
	}
	for !utf8.RuneStart(text[length]) {
		length--
	}
	return text[:length]
}

// home is $AETHER_HOME, else $XDG_DATA_HOME/aether, else ~/.local/share/aether.
func home() (string, error) {
	if home := os.Getenv("AETHER_HOME"); home != "" {
		return home, nil
	}
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "aether"), nil
	}
	if user := os.Getenv("HOME"); user != "" {
		return filepath.Join(user, ".local/share/aether"), nil
	}
	return "", errors.New("nowhere to keep runs: set AETHER_HOME")
}

// randomID is eight characters of Crockford's base 32, in lower case.
func randomID() (string, error) {
	var bits [8]byte
	if _, err := rand.Read(bits[:]); err != nil {
		return "", err
	}
	for i := range bits {
		bits[i] = "0123456789abcdefghjkmnpqrstvwxyz"[bits[i]&31]
	}
	return string(bits[:]), nil
}

func host() string {
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "host"
}

const mask = "********"

var (
	// An address up to its host: scheme://user:password@
	address  = regexp.MustCompile(`(://[^:/?# "',]*:)[^/?# "',]*@`)
	word     = regexp.MustCompile(`[A-Za-z0-9_\-.+/]+`)
	ofOption = regexp.MustCompile(`[A-Za-z0-9]+`)
	// How keys of well-known services begin, and how long they are at least.
	prefixes = map[string]int{
		"AKIA": 20, "ASIA": 20, "ghp_": 20, "gho_": 20, "ghs_": 20, "ghu_": 20, "github_pat_": 20, "glpat-": 20,
		"sk-": 20, "sk_live_": 20, "rk_live_": 20, "hf_": 20, "xoxb-": 15, "xoxp-": 15, "AIza": 30, "ya29.": 20,
		"npm_": 20, "pypi-": 20, "dckr_pat_": 15, "eyJ": 40,
	}
)

// masked returns the words of a command as they may be kept: what looks like a key is masked wherever it stands, and
// whatever is given to an option that asks for a secret, as --api-key VALUE or --api-key=VALUE. All clients do the same;
// sdk/secrets.json has the cases.
func masked(words []string) []string {
	kept, asked := make([]string, len(words)), false
	for i, word := range words {
		was := asked
		name, value, pair := strings.Cut(word, "=")
		option := strings.HasPrefix(word, "-")
		asked = option && !pair && isSecret(name)
		switch {
		case !option && was:
			kept[i] = mask
		case option && value != "" && isSecret(name):
			kept[i] = name + "=" + mask
		default:
			kept[i] = maskedText(word)
		}
	}
	return kept
}

func maskedText(text string) string {
	if strings.Contains(text, "-----BEGIN") {
		return mask
	}
	text = address.ReplaceAllString(text, "${1}"+mask+"@")
	for _, key := range word.FindAllString(text, -1) {
		for prefix, least := range prefixes {
			if len(key) >= least && strings.HasPrefix(key, prefix) {
				text = strings.ReplaceAll(text, key, mask)
			}
		}
	}
	return text
}

// isSecret is narrow: --pad-token, --max-tokens and --key are everyday options of training scripts.
func isSecret(option string) bool {
	words := append([]string{"", ""}, ofOption.FindAllString(strings.ToUpper(option), -1)...)
	before, last := words[len(words)-2], words[len(words)-1]
	among := func(word, list string) bool { return strings.Contains(" "+list+" ", " "+word+" ") }
	return last != "" && among(last, "PASSWORD PASSWD PASSPHRASE SECRET APIKEY CREDENTIALS") ||
		last == "KEY" && before != "" && among(before, "API ACCESS SECRET PRIVATE AUTH") ||
		last == "TOKEN" && (before == "" || among(before, "API AUTH ACCESS HF HUB GITHUB WANDB BEARER BOT SECRET"))
}

// plain leaves what a writer's name may hold.
func plain(host string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(".-_", r)) {
			return r
		}
		return -1
	}, host)
}

// pidStart is field 22 of /proc/self/stat, proc(5); field 2 may hold spaces and parentheses.
func pidStart() uint64 {
	stat, _ := os.ReadFile("/proc/self/stat")
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return 0
	}
	start, _ := strconv.ParseUint(fields[19], 10, 64)
	return start
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return first(directory.Sync(), directory.Close())
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
