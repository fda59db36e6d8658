"""
Logs what a Julia program says about its run, for Aether to show: metrics, events, artifacts.

    include("Aether.jl")
    run = Aether.begin_run("my-project", "first try")
    Aether.log(run, step; loss = 0.5)
    Aether.artifact(run, "model.bin", "model", "model")
    Aether.finish(run)

Below `aether run` it logs into that run; else it begins a run of its own, which ends with the program at the latest. It
writes the log of Aether's docs/format.md itself, with the standard library alone (Julia 1.5 or newer, Linux). Every call
is one write: what was said survives `kill -9`; `sync` and the run's end make it survive a power cut. A run can be shared
by tasks and threads.
"""
module Aether

using Dates, Random, SHA

const LONGEST_NAME = 65536
const LONGEST_PAYLOAD = 1 << 20
# A frame of points is closed at this length, so that damage to one costs little.
const LONGEST_BLOCK = 60 * 1024

mutable struct Run
    home::String
    "The run's directory."
    directory::String
    "Of run.json; nothing below `aether run`, where the record is the supervisor's."
    record::Union{Nothing,Vector{Pair{String,Any}}}
    lock::ReentrantLock
    file::Base.Filesystem.File
    "Where the log's last whole frame ends."
    tail::Int64
    names::Dict{String,UInt64}
end

"""
    begin_run(project = "default", name = "")

The run of `aether run` that this program is in, else a new one of that project and name.
"""
function begin_run(project = "default", name = "")
    if isempty(get(ENV, "AETHER_RUN_DIR", ""))
        home = find_home()
        directory, record = create(home, String(project), String(name))
        session = 0
    else
        directory, record = ENV["AETHER_RUN_DIR"], nothing
        session = something(tryparse(Int, get(ENV, "AETHER_SESSION", "0")), 0)
        home = get(ENV, "AETHER_HOME", "")
        isempty(home) && (home = dirname(dirname(dirname(rstrip(directory, '/')))))
    end
    file, header = open_log(directory, session)
    run = Run(home, directory, record, ReentrantLock(), file, 0, Dict())
    append(run, frame(header))
    record === nothing || atexit(() -> finish(run))
    run
end

"Says values of metrics at a step, all with the time now: pairs of name and value, or keywords."
function log(run::Run, step::Integer, values::Pair...; more...)
    log(run, step, Iterators.flatten((values, more)))
end

function log(run::Run, step::Integer, values)
    lock(run.lock) do
        now = nanos()
        frames, block, fresh = UInt8[], UInt8[0x03], String[]
        last_step, last_time = UInt64(0), Int64(0)
        for (whole, value) in values
            name = cut(string(whole), LONGEST_NAME)
            id = get!(run.names, name) do
                id = UInt64(length(run.names))
                push!(fresh, name)
                append!(frames, frame([0x02; varint(id); codeunits(name)]))
                id
            end
            append!(block, varint(id))
            append!(block, zigzag((UInt64(step) - last_step) % Int64))
            append!(block, zigzag(now - last_time))
            append!(block, little(reinterpret(UInt64, Float64(value))))
            last_step, last_time = UInt64(step), now
            if length(block) > LONGEST_BLOCK
                append!(frames, frame(block))
                block, last_step, last_time = UInt8[0x03], UInt64(0), Int64(0)
            end
        end
        length(block) > 1 && append!(frames, frame(block))
        try
            append(run, frames)
        catch
            foreach(name -> delete!(run.names, name), fresh)
            rethrow()
        end
    end
end

"""
Says that something happened. `kind` is a short snake_case word, `level` "info", "warning" or "error", `fields` a
dictionary. The kinds config, summary, tags, text, image, histogram and alert mean what docs/format.md says.
"""
function event(run::Run, kind, level, step::Integer, message, fields = Dict())
    said(message, fields) =
        json(["kind" => kind, "level" => level, "step" => step, "message" => message, "fields" => fields])
    text = said(message, fields)
    if sizeof(text) + 9 > LONGEST_PAYLOAD
        text = said(cut(string(message), LONGEST_NAME), Dict("cut" => true))
    end
    lock(run.lock) do
        append(run, frame([0x04; little(reinterpret(UInt64, nanos())); codeunits(text)]))
    end
end

"Keeps a file: copies it into the home under its SHA-256 and says so. Returns the digest."
function artifact(run::Run, path, name, kind)
    blobs = joinpath(run.home, "blobs")
    mkpath(blobs)
    part = joinpath(blobs, ".new.$(getpid()).$(nanos()).part")
    try
        # The copy is hashed, so that what is kept is what was hashed, even of a file that is changing.
        cp(path, part; follow_symlinks = true)
        chmod(part, 0o644)
        digest, bytes = bytes2hex(open(sha2_256, part)), filesize(part)
        sync_path(part)
        shelf = joinpath(blobs, digest[1:2])
        mkpath(shelf)
        mv(part, joinpath(shelf, digest); force = true)
        sync_path(shelf)
        event(run, "artifact", "info", 0, "Artifact $name", Dict(
            "name" => name, "kind" => kind, "digest" => digest, "bytes" => bytes, "direction" => "output"))
        digest
    finally
        ispath(part) && rm(part)
    end
end

"Returns when all that was said before survives a power cut."
sync(run::Run) = lock(() -> sync_file(run.file), run.lock)

"Ends the run well. Below `aether run`, how the program ends is seen by the supervisor."
finish(run::Run) = finish(run, "done", nothing)

"Ends the run as failed, for this reason."
fail(run::Run, reason) = finish(run, "failed", reason)

function finish(run::Run, state, reason)
    run.file.open || return
    sync(run)
    close(run.file)
    run.record === nothing && return
    ending = Dict("state" => state, "reason" => reason, "ended" => rfc3339())
    write_record(run.directory, [name => get(ending, name, value) for (name, value) in run.record])
end

function find_home()
    set(name) = get(ENV, name, "")
    isempty(set("AETHER_HOME")) || return set("AETHER_HOME")
    isabspath(set("XDG_DATA_HOME")) && return joinpath(set("XDG_DATA_HOME"), "aether")
    isempty(set("HOME")) && error("nowhere to keep runs: set AETHER_HOME")
    joinpath(set("HOME"), ".local/share/aether")
end

function create(home, project, name)
    1 <= sizeof(project) <= 200 && project[1] != '.' && !any(c -> c == '/' || iscntrl(c), project) ||
        throw(ArgumentError("'$project' cannot name a project: no '/', no dot first, 1 to 200 bytes"))
    parent = joinpath(home, "runs", project)
    mkpath(parent)
    id, directory = "", ""
    while true
        # Crockford's base 32, in lower case.
        id = String(rand(RandomDevice(), collect("0123456789abcdefghjkmnpqrstvwxyz"), 8))
        directory = joinpath(parent, id)
        try
            mkdir(directory)
            break
        catch
            ispath(directory) || rethrow()
        end
    end
    mkdir(joinpath(directory, "signals"))
    mkdir(joinpath(directory, "output"))
    record = Pair{String,Any}[
        "id" => id, "name" => name, "project" => project, "kind" => "script", "state" => "running", "spec" => Dict(),
        "command" => masked([Base.julia_cmd().exec[1]; PROGRAM_FILE; ARGS]), "directory" => pwd(), "host" => gethostname(),
        "pid" => Int(getpid()), "pid_start" => pid_start(), "created" => rfc3339(), "ended" => nothing,
        "reason" => nothing, "resumed" => 0, "artifacts" => []]
    write_record(directory, record)
    directory, record
end

const MASK = "********"
# How keys of well-known services begin, and how long they are at least.
const PREFIXES = (
    "AKIA" => 20, "ASIA" => 20, "ghp_" => 20, "gho_" => 20, "ghs_" => 20, "ghu_" => 20, "github_pat_" => 20,
    "glpat-" => 20, "sk-" => 20, "sk_live_" => 20, "rk_live_" => 20, "hf_" => 20, "xoxb-" => 15, "xoxp-" => 15,
    "AIza" => 30, "ya29." => 20, "npm_" => 20, "pypi-" => 20, "dckr_pat_" => 15, "eyJ" => 40)

# The words of a command as they may be kept: what looks like a key is masked wherever it stands, and whatever is given
# to an option that asks for a secret, as --api-key VALUE or --api-key=VALUE. All clients do the same; sdk/secrets.json has
# the cases.
function masked(words)
    kept, asked = String[], false
    for word in words
        was, asked = asked, false
        name, value = [split(word, '='; limit = 2); ""][1:2]
        if !startswith(word, '-')
            push!(kept, was ? MASK : masked_text(word))
        elseif !isempty(value) && is_secret(name)
            push!(kept, "$name=$MASK")
        else
            asked = !occursin('=', word) && is_secret(name)
            push!(kept, masked_text(word))
        end
    end
    kept
end

function masked_text(text)
    (occursin("-----BEGIN", text) || !isvalid(text)) && return MASK
    # An address up to its host: scheme://user:password@
    text = replace(text, r"(://[^:/?# \"',]*:)[^/?# \"',]*@" => SubstitutionString("\\1$MASK@"))
    for found in collect(eachmatch(r"[A-Za-z0-9_\-.+/]+", text))
        is_key(prefix, least) = sizeof(found.match) >= least && startswith(found.match, prefix)
        any(is_key(prefix, least) for (prefix, least) in PREFIXES) && (text = replace(text, found.match => MASK))
    end
    text
end

# Narrow: --pad-token, --max-tokens and --key are everyday options of training scripts.
function is_secret(option)
    isvalid(option) || return false
    before, last = [""; ""; [uppercase(found.match) for found in eachmatch(r"[A-Za-z0-9]+", option)]][end-1:end]
    last in ("PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "APIKEY", "CREDENTIALS") ||
        (last == "KEY" && before in ("API", "ACCESS", "SECRET", "PRIVATE", "AUTH")) ||
        (last == "TOKEN" && before in
            ("", "API", "AUTH", "ACCESS", "HF", "HUB", "GITHUB", "WANDB", "BEARER", "BOT", "SECRET"))
end

# Written beside, synced, renamed: never a part of it.
function write_record(directory, record)
    part = joinpath(directory, ".run.json.$(getpid()).0.part")
    write(part, json(record))
    sync_path(part)
    mv(part, joinpath(directory, "run.json"); force = true)
    sync_path(directory)
end

function open_log(directory, session)
    plain = filter(c -> isascii(c) && (isletter(c) || isdigit(c) || c in ".-_"), gethostname())
    start = nanos()
    writer = "$plain-$(getpid())-$start"
    path = joinpath(directory, "signals", "$writer.log")
    # Fails if the file exists; the name holds this process and this nanosecond, so it does not.
    flags = Base.Filesystem.JL_O_WRONLY | Base.Filesystem.JL_O_CREAT | Base.Filesystem.JL_O_EXCL
    file = Base.Filesystem.open(path, flags, 0o666)
    header = IOBuffer()
    write(header, 0x01, "aether", 0x01, 0x00, htol(UInt32(session)), htol(start))
    for text in (basename(rstrip(directory, '/')), writer)
        write(header, varint(UInt64(sizeof(text))), text)
    end
    file, take!(header)
end

# What is written of frames when that fails is cut off again, so that the log stays whole.
function append(run::Run, frames)
    try
        write(run.file, frames)
        run.tail += length(frames)
    catch
        truncate(run.file, run.tail)
        seek(run.file, run.tail)
        rethrow()
    end
    nothing
end

frame(payload) = [little(UInt32(length(payload))); little(crc32(payload)); payload]

# CRC-32 of IEEE 802.3, the one of zlib.
const CRC_TABLE = map(0:255) do i
    foldl((c, _) -> c & 1 == 1 ? 0xedb88320 ⊻ (c >> 1) : c >> 1, 1:8; init = UInt32(i))
end

function crc32(bytes)
    crc = 0xffffffff
    for byte in bytes
        @inbounds crc = CRC_TABLE[((crc ⊻ byte) & 0xff) + 1] ⊻ (crc >> 8)
    end
    ~crc
end

little(n::Unsigned) = UInt8[(n >> shift) % UInt8 for shift in 0:8:8sizeof(n)-1]

function varint(n::UInt64)
    out = UInt8[]
    while n >= 0x80
        push!(out, (n % UInt8) | 0x80)
        n >>= 7
    end
    push!(out, n % UInt8)
end

zigzag(n::Int64) = varint(reinterpret(UInt64, (n << 1) ⊻ (n >> 63)))

# The longest beginning of at most `length` bytes that does not end inside a character.
function cut(text, length)
    sizeof(text) <= length && return String(text)
    next = thisind(text, length + 1)
    text[1:prevind(text, next)]
end

# JSON has no numbers that are not finite: null.
json(value::Bool) = string(value)
json(value::Integer) = string(value)
json(value::Real) = isfinite(value) ? string(Float64(value)) : "null"
json(::Nothing) = "null"
json(value::Union{AbstractString,Symbol}) = string('"', join(map(quoted, collect(string(value)))), '"')
json(items::Union{AbstractVector,Tuple}) = string('[', join(map(json, items), ','), ']')
json(fields::Union{AbstractDict,AbstractVector{<:Pair}}) =
    string('{', join([string(json(string(name)), ':', json(value)) for (name, value) in fields], ','), '}')

quoted(c) = c in "\"\\" ? string('\\', c) : c < ' ' ? string("\\u", lpad(string(UInt32(c), base = 16), 4, '0')) : string(c)

# Nanoseconds since 1970, UTC.
function nanos()
    now = Libc.TimeVal()
    now.sec * 1_000_000_000 + now.usec * 1000
end

rfc3339() = Dates.format(Dates.now(UTC), "yyyy-mm-ddTHH:MM:SS.sss") * "Z"

# Field 22 of /proc/self/stat, proc(5); field 2 may hold spaces and parentheses.
function pid_start()
    try
        stat = read("/proc/self/stat", String)
        parse(Int, split(stat[findlast(')', stat)+1:end])[20])
    catch
        0
    end
end

sync_file(file) = systemerror("fsync", ccall(:fsync, Cint, (Cint,), reinterpret(Int32, fd(file))) != 0)

function sync_path(path)
    file = Base.Filesystem.open(path, Base.Filesystem.JL_O_RDONLY)
    try
        sync_file(file)
    finally
        close(file)
    end
end

end
