file <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(file), "../../r/aether.R"), encoding = "UTF-8")

# Says steps until the disk is full, makes room by removing a file, and goes on where it was.
fill <- function(ballast) {
  run <- aether_begin("conformance", "full")
  step <- 0
  last <- Inf
  while (step < last) {
    written <- tryCatch({
      aether_log(run, step, values = setNames(c(step, 1), c("loss", paste0("m/", step))))
      TRUE
    }, error = function(e) FALSE)
    if (written) {
      step <- step + 1
    } else {
      stopifnot(file.remove(ballast))
      last <- step + 100
    }
  }
  aether_finish(run)
}

# Has a forked child say something, too.
fork <- function() {
  run <- aether_begin("conformance", "forked")
  aether_log(run, 1, parent = 1)
  parallel::mccollect(parallel::mcparallel({
    aether_log(run, 2, child = 2)
    aether_finish(run)
  }))
  stopifnot(any(grepl("running", readLines(file.path(run$directory, "run.json"), warn = FALSE))))
  aether_log(run, 3, parent = 3)
  aether_finish(run)
}

if (nzchar(Sys.getenv("AETHER_CONFORMANCE_BALLAST"))) {
  fill(Sys.getenv("AETHER_CONFORMANCE_BALLAST"))
  quit()
}
if (nzchar(Sys.getenv("AETHER_CONFORMANCE_FORK"))) {
  fork()
  quit()
}
run <- aether_begin("conformance", "größe \"one\"")
for (step in 1:100) aether_log(run, step, values = c(loss = 1 / step, "größe/λ" = -0.5 * step))
special <- c(NaN, Inf, -Inf, -0.0, 5e-324)
for (i in seq_along(special)) aether_log(run, 100 + i, loss = special[i])
aether_log(run, 2^53, huge = 1)
aether_log(run, 0, huge = 0)
aether_log(run, 1, values = setNames(1, "two\nlines\t\"quoted\""))
aether_log(run, 7, values = setNames(0:4999, paste0("many/", 0:4999)))
aether_event(run, "note", "warning", 3, "a \"quoted\"\nline, größer", list(
  number = 0.1, whole = 3, text = "ü\t", truth = TRUE, nan = NaN, list = c(1, 2.5)
))
aether_event(run, "config", "info", 0, "Parameters", list(lr = 0.01, layers = 3))
aether_event(run, "long", "info", 0, "x", list(text = strrep("x", 2 * 1024^2)))
aether_artifact(run, commandArgs(TRUE)[1], "model", "model")
aether_finish(run)
