# Logs what an R program says about its run, for Aether to show: metrics, events, artifacts.
#
#     source("aether.R")
#     run <- aether_begin("my-project", "first try")
#     aether_log(run, step, loss = 0.5, accuracy = 0.9)
#     aether_artifact(run, "model.rds", "model", "model")
#     aether_finish(run)
#
# Below `aether run` it logs into that run; else it begins a run of its own. It writes the log of Aether's
# docs/format.md itself, with base R alone (3.6 or newer, Linux). Every call is one write: what was said survives
# kill -9. A forked child (parallel::mclapply) continues in a log of its own. R's numbers are doubles: steps are exact up
# to 2^53, and times are rounded to 256 ns.

# The run of `aether run` that this program is in, else a new one of that project and name.
aether_begin <- function(project = "default", name = "") {
  run <- new.env(parent = emptyenv())
  run$directory <- Sys.getenv("AETHER_RUN_DIR")
  run$session <- 0
  if (nzchar(run$directory)) {
    run$session <- max(0, suppressWarnings(as.numeric(Sys.getenv("AETHER_SESSION", "0"))), na.rm = TRUE)
    run$home <- Sys.getenv("AETHER_HOME", dirname(dirname(dirname(run$directory))))
  } else {
    .aether$create(run, project, name)
  }
  .aether$open(run)
  run
}

# Says values of metrics at a step, all with the time now: as named arguments, or as a named vector or list.
aether_log <- function(run, step, ..., values = list(...)) {
  .aether$keep_to_own_log(run)
  values <- unlist(values)
  # More than fit a frame go into several.
  for (piece in split(seq_along(values), (seq_along(values) - 1) %/% 4000)) {
    .aether$row(run, step, enc2utf8(names(values)[piece]), as.numeric(values[piece]))
  }
  invisible(run)
}

# Says that something happened. `kind` is a short snake_case word, `level` "info", "warning" or "error", `fields` a named
# list. The kinds config, summary, tags, text, image, histogram and alert mean what docs/format.md says.
aether_event <- function(run, kind, level, step, message, fields = list()) {
  .aether$keep_to_own_log(run)
  said <- function(message, fields) {
    .aether$json(list(kind = kind, level = level, step = step, message = message, fields = fields))
  }
  if (length(fields) == 0) fields <- structure(list(), names = character())
  text <- charToRaw(said(message, fields))
  if (length(text) + 9 > 1048576) text <- charToRaw(said(.aether$cut(message), list(cut = TRUE)))
  .aether$append(run, .aether$frame(c(as.raw(4), .aether$u64(.aether$now()), text)))
  invisible(run)
}

# Keeps a file: copies it into the home under its SHA-256 and says so. Returns the digest.
aether_artifact <- function(run, path, name, kind) {
  blobs <- file.path(run$home, "blobs")
  dir.create(blobs, FALSE, TRUE)
  part <- file.path(blobs, sprintf(".new.%d.%.0f.part", Sys.getpid(), .aether$now()))
  on.exit(unlink(part))
  # The copy is hashed, so that what is kept is what was hashed, even of a file that is changing.
  if (!file.copy(path, part)) stop("cannot copy ", path, " to ", part)
  digest <- .aether$sha256(part)
  bytes <- file.size(part)
  shelf <- file.path(blobs, substr(digest, 1, 2))
  dir.create(shelf, FALSE, TRUE)
  if (!file.rename(part, file.path(shelf, digest))) stop("cannot rename ", part)
  fields <- list(name = name, kind = kind, digest = digest, bytes = bytes, direction = "output")
  aether_event(run, "artifact", "info", 0, paste("Artifact", name), fields)
  invisible(digest)
}

# Ends the run well. Below `aether run`, how the program ends is seen by the supervisor.
aether_finish <- function(run) .aether$finish(run, "done", NULL)

# Ends the run as failed, for this reason.
aether_fail <- function(run, reason) .aether$finish(run, "failed", reason)

.aether <- local({
  # One row of a set: records 2, 6 and 7. A point of record 3 would be a loop of varints.
  row <- function(run, step, names, values) {
    names <- vapply(names, cut, "", USE.NAMES = FALSE)
    # A later value of the same name stands.
    last <- !duplicated(names, fromLast = TRUE)
    names <- names[last]
    values <- values[last]
    key <- paste(nchar(names, "bytes"), names, collapse = " ", sep = ":")
    frames <- raw()
    set <- run$sets[[key]]
    fresh <- setdiff(names, names(run$names))
    known <- run$names
    if (length(fresh)) known[fresh] <- length(known) + seq_along(fresh) - 1
    if (is.null(set)) {
      metrics <- Map(function(n, id) frame(c(as.raw(2), varint(id), charToRaw(n))), fresh, known[fresh])
      set <- length(run$sets)
      members <- unlist(lapply(known[names], varint), use.names = FALSE)
      frames <- c(unlist(metrics, use.names = FALSE), frame(c(as.raw(6), varint(set), members)))
    }
    row <- c(u64(step), u64(now()), writeBin(values, raw(), endian = "little"))
    append(run, c(frames, frame(c(as.raw(7), varint(set), row))))
    run$names <- known
    run$sets[[key]] <- set
  }

  create <- function(run, project, name) {
    if (!nzchar(project) || nchar(project, "bytes") > 200 || grepl("^[.]|/|[[:cntrl:]]", project)) {
      stop("'", project, "' cannot name a project: no '/', no dot first, 1 to 200 bytes")
    }
    run$home <- home()
    parent <- file.path(run$home, "runs", project)
    dir.create(parent, FALSE, TRUE)
    repeat {
      id <- random_id()
      run$directory <- file.path(parent, id)
      if (dir.create(run$directory, FALSE)) break
      if (!dir.exists(run$directory)) stop("cannot make ", run$directory)
    }
    dir.create(file.path(run$directory, "signals"))
    dir.create(file.path(run$directory, "output"))
    run$record <- list(
      id = id, name = name, project = project, kind = "script", state = "running",
      spec = structure(list(), names = character()), command = as.list(masked(commandArgs())), directory = getwd(),
      host = Sys.info()[["nodename"]], pid = Sys.getpid(), pid_start = pid_start(), created = rfc3339(),
      ended = NULL, reason = NULL, resumed = 0, artifacts = list()
    )
    write_record(run)
  }

  mask <- "********"

  # How keys of well-known services begin, and how long they are at least.
  prefixes <- c(
    AKIA = 20, ASIA = 20, ghp_ = 20, gho_ = 20, ghs_ = 20, ghu_ = 20, github_pat_ = 20, `glpat-` = 20, `sk-` = 20,
    sk_live_ = 20, rk_live_ = 20, hf_ = 20, `xoxb-` = 15, `xoxp-` = 15, AIza = 30, ya29. = 20, npm_ = 20, `pypi-` = 20,
    dckr_pat_ = 15, eyJ = 40
  )

  # The words of a command as they may be kept: what looks like a key is masked wherever it stands, and whatever is given
  # to an option that asks for a secret, as --api-key VALUE or --api-key=VALUE. All clients do the same; sdk/secrets.json
  # has the cases.
  masked <- function(words) {
    words <- enc2utf8(words)
    words[!validUTF8(words)] <- mask
    asked <- FALSE
    for (i in seq_along(words)) {
      word <- words[i]
      was <- asked
      equals <- regexpr("=", word, fixed = TRUE)
      name <- if (equals > 0) substr(word, 1, equals - 1) else word
      option <- startsWith(word, "-")
      asked <- option && equals < 0 && is_secret(name)
      words[i] <- if (!option && was) {
        mask
      } else if (option && equals > 0 && equals < nchar(word) && is_secret(name)) {
        paste0(name, "=", mask)
      } else {
        masked_text(word)
      }
    }
    words
  }

  masked_text <- function(text) {
    if (grepl("-----BEGIN", text, fixed = TRUE)) return(mask)
    # An address up to its host: scheme://user:password@
    text <- gsub("(://[^:/?# \"',]*:)[^/?# \"',]*@", paste0("\\1", mask, "@"), text, perl = TRUE)
    for (key in regmatches(text, gregexpr("[A-Za-z0-9_.+/-]+", text, perl = TRUE))[[1]]) {
      if (any(startsWith(key, names(prefixes)) & nchar(key) >= prefixes)) text <- gsub(key, mask, text, fixed = TRUE)
    }
    text
  }

  # Narrow: --pad-token, --max-tokens and --key are everyday options of training scripts.
  is_secret <- function(option) {
    words <- c("", "", toupper(regmatches(option, gregexpr("[A-Za-z0-9]+", option, perl = TRUE))[[1]]))
    before <- words[length(words) - 1]
    switch(words[length(words)],
      PASSWORD = , PASSWD = , PASSPHRASE = , SECRET = , APIKEY = , CREDENTIALS = TRUE,
      KEY = before %in% c("API", "ACCESS", "SECRET", "PRIVATE", "AUTH"),
      TOKEN = before %in%
        c("", "API", "AUTH", "ACCESS", "HF", "HUB", "GITHUB", "WANDB", "BEARER", "BOT", "SECRET"),
      FALSE
    )
  }

  finish <- function(run, state, reason) {
    if (is.null(run$file)) return(invisible())
    close(run$file)
    run$file <- NULL
    # A forked child leaves the end to its parent.
    if (is.null(run$record) || run$record$pid != Sys.getpid()) return(invisible())
    run$record$state <- state
    run$record["reason"] <- list(reason)
    run$record["ended"] <- rfc3339()
    write_record(run)
    invisible()
  }

  # Written beside, renamed: never a part of it. Base R cannot sync.
  write_record <- function(run) {
    part <- file.path(run$directory, sprintf(".run.json.%d.0.part", Sys.getpid()))
    writeBin(charToRaw(json(run$record)), part)
    if (!file.rename(part, file.path(run$directory, "run.json"))) stop("cannot rename ", part)
  }

  # Makes this process's log.
  open <- function(run) {
    run$pid <- Sys.getpid()
    run$names <- numeric()
    run$sets <- list()
    host <- gsub("[^A-Za-z0-9._-]", "", Sys.info()[["nodename"]])
    repeat {
      start <- now()
      writer <- sprintf("%s-%d-%.0f", host, run$pid, start)
      path <- file.path(run$directory, "signals", paste0(writer, ".log"))
      if (!file.exists(path)) break
    }
    run$path <- path
    run$file <- file(path, "wb")
    run$tail <- 0
    text <- function(t) c(varint(nchar(t, "bytes")), charToRaw(t))
    header <- c(as.raw(1), charToRaw("aether"), as.raw(1:0), u64(run$session)[1:4], u64(start))
    append(run, frame(c(header, text(basename(run$directory)), text(writer))))
  }

  keep_to_own_log <- function(run) {
    if (run$pid != Sys.getpid()) open(run)
  }

  # What is written of frames when that fails is cut off again, so that the log stays whole. R says nothing of a flush that
  # failed, so the file is looked at.
  append <- function(run, frames) {
    suppressWarnings(try({
      writeBin(frames, run$file)
      flush(run$file)
    }, silent = TRUE))
    tail <- run$tail + length(frames)
    if (!identical(file.size(run$path), tail)) {
      # What the connection still holds goes with it; then the file is cut.
      suppressWarnings(close(run$file))
      run$file <- file(run$path, "r+b")
      seek(run$file, run$tail, rw = "write")
      truncate(run$file)
      stop("cannot write the log ", run$path, ": is the disk full?")
    }
    run$tail <- tail
  }

  frame <- function(payload) c(u64(length(payload))[1:4], crc32(payload), payload)

  # Eight bytes of a whole number, the least significant first. Doubles divide exactly by powers of two.
  u64 <- function(n) as.raw((n %/% 256^(0:7)) %% 256)

  varint <- function(n) {
    out <- raw()
    while (n >= 128) {
      out <- c(out, as.raw(n %% 128 + 128))
      n <- n %/% 128
    }
    c(out, as.raw(n))
  }

  # CRC-32 of IEEE 802.3, the one of zlib, in two halves of 16 bits, as R's integers have no 32 unsigned ones.
  table <- local({
    high <- low <- integer(256)
    for (i in 0:255) {
      h <- 0L
      l <- i
      for (k in 1:8) {
        odd <- l %% 2L == 1L
        l <- l %/% 2L + (h %% 2L) * 32768L
        h <- h %/% 2L
        if (odd) {
          h <- bitwXor(h, 0xEDB8L)
          l <- bitwXor(l, 0x8320L)
        }
      }
      high[i + 1] <- h
      low[i + 1] <- l
    }
    list(high = high, low = low)
  })

  crc32 <- function(bytes) {
    high <- low <- 65535L
    table_high <- table$high
    table_low <- table$low
    for (byte in as.integer(bytes)) {
      at <- bitwAnd(bitwXor(low, byte), 255L) + 1L
      low <- bitwXor(low %/% 256L + (high %% 256L) * 256L, table_low[at])
      high <- bitwXor(high %/% 256L, table_high[at])
    }
    low <- 65535L - low
    high <- 65535L - high
    as.raw(c(low %% 256L, low %/% 256L, high %% 256L, high %/% 256L))
  }

  # R has it since 4.5; before, a package or coreutils.
  sha256 <- function(path) {
    if (exists("sha256sum", asNamespace("tools"))) return(getExportedValue("tools", "sha256sum")(path)[[1]])
    if (requireNamespace("digest", quietly = TRUE)) return(digest::digest(path, "sha256", file = TRUE))
    said <- system2("sha256sum", c("--", shQuote(path)), stdout = TRUE)
    digest <- regmatches(said[1], regexpr("[0-9a-f]{64}", said[1]))
    if (length(digest) != 1) stop("no SHA-256: install the package 'digest', or sha256sum")
    digest
  }

  json <- function(value) {
    if (is.null(value)) return("null")
    if (is.list(value)) {
      items <- vapply(value, json, "", USE.NAMES = FALSE)
      if (is.null(names(value))) return(paste0("[", paste(items, collapse = ","), "]"))
      fields <- paste0(vapply(names(value), quoted, "", USE.NAMES = FALSE), rep(":", length(items)), items)
      return(paste0("{", paste(fields, collapse = ","), "}"))
    }
    if (length(value) != 1) return(json(as.list(value)))
    if (is.character(value)) return(quoted(value))
    # JSON has no numbers that are not finite.
    if (is.na(value) || (is.numeric(value) && !is.finite(value))) return("null")
    if (is.logical(value)) return(tolower(as.character(value)))
    sub("+", "", formatC(value, digits = 17, format = "g", width = 1), fixed = TRUE)
  }

  quoted <- function(text) {
    text <- gsub('(["\\\\])', "\\\\\\1", enc2utf8(text))
    codes <- unique(utf8ToInt(text))
    for (code in codes[codes < 32]) {
      text <- gsub(intToUtf8(code), sprintf("\\u%04x", code), text, fixed = TRUE)
    }
    paste0('"', text, '"')
  }

  # The longest beginning of at most 65,536 bytes that does not end inside a character.
  cut <- function(text) {
    bytes <- charToRaw(text)
    if (length(bytes) <= 65536) return(text)
    end <- 65536
    while (bitwAnd(as.integer(bytes[end + 1]), 192L) == 128L) end <- end - 1
    text <- rawToChar(bytes[seq_len(end)])
    Encoding(text) <- "UTF-8"
    text
  }

  home <- function() {
    set <- Sys.getenv(c("AETHER_HOME", "XDG_DATA_HOME", "HOME"), names = TRUE)
    if (nzchar(set[["AETHER_HOME"]])) return(set[["AETHER_HOME"]])
    if (startsWith(set[["XDG_DATA_HOME"]], "/")) return(file.path(set[["XDG_DATA_HOME"]], "aether"))
    if (!nzchar(set[["HOME"]])) stop("nowhere to keep runs: set AETHER_HOME")
    file.path(set[["HOME"]], ".local/share/aether")
  }

  # Eight characters of Crockford's base 32, in lower case; the script's own random numbers stay as they are.
  random_id <- function() {
    device <- file("/dev/urandom", "rb", raw = TRUE)
    on.exit(close(device))
    alphabet <- strsplit("0123456789abcdefghjkmnpqrstvwxyz", "")[[1]]
    paste(alphabet[as.integer(readBin(device, "raw", 8)) %% 32 + 1], collapse = "")
  }

  # Nanoseconds since 1970, UTC.
  now <- function() floor(as.numeric(Sys.time()) * 1e9)

  rfc3339 <- function() format(Sys.time(), "%Y-%m-%dT%H:%M:%OS6Z", tz = "UTC")

  # Field 22 of /proc/self/stat, proc(5); field 2 may hold spaces and parentheses.
  pid_start <- function() {
    stat <- tryCatch(readLines("/proc/self/stat"), error = function(e) "")
    fields <- strsplit(sub(".*[)] ", "", stat[1]), " ")[[1]]
    if (length(fields) < 20) 0 else as.numeric(fields[20])
  }

  environment()
})
