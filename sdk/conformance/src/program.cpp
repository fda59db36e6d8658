#include "../../cpp/aether.hpp"

#include <limits>

#include <sys/wait.h>

// Says steps until the disk is full, makes room by removing a file, and goes on where it was.
void fill(const char* ballast) {
    aether::Run run("conformance", "full");
    for (std::uint64_t step = 0, last = ~0ull; step < last;) {
        try {
            std::string own = "m/" + std::to_string(step);
            run.log(step, {{"loss", static_cast<double>(step)}, {own, 1}});
            step++;
        } catch (const std::system_error&) {
            if (std::remove(ballast) != 0) throw;
            last = step + 100;
        }
    }
}

// Has a forked child say something, too.
int forks() {
    aether::Run run("conformance", "forked");
    run.log(1, {{"parent", 1}});
    if (::fork() == 0) {
        run.log(2, {{"child", 2}});
        run.finish();
        ::_exit(0);
    }
    ::wait(nullptr);
    std::ifstream file(run.directory() / "run.json");
    std::string record{std::istreambuf_iterator<char>(file), {}};
    run.log(3, {{"parent", 3}});
    return record.find("running") == record.npos;
}

int main(int, char** argv) {
    if (const char* ballast = std::getenv("AETHER_CONFORMANCE_BALLAST")) return fill(ballast), 0;
    if (std::getenv("AETHER_CONFORMANCE_FORK")) return forks();
    using limits = std::numeric_limits<double>;
    aether::Run run("conformance", "größe \"one\"");
    for (std::uint64_t step = 1; step <= 100; step++) run.log(step, {{"loss", 1.0 / step}, {"größe/λ", -0.5 * step}});
    run.log(101, {{"loss", limits::quiet_NaN()}});
    run.log(102, {{"loss", limits::infinity()}});
    run.log(103, {{"loss", -limits::infinity()}});
    run.log(104, {{"loss", -0.0}});
    run.log(105, {{"loss", 5e-324}});
    run.log(1ull << 53, {{"huge", 1}});
    run.log(0, {{"huge", 0}});
    run.log(1, {{"two\nlines\t\"quoted\"", 1}});
    std::map<std::string, double> many;
    for (int i = 0; i < 5000; i++) many["many/" + std::to_string(i)] = i;
    run.log(7, many);
    run.event("note", aether::Level::warning, 3, "a \"quoted\"\nline, größer",
              {{"number", 0.1}, {"whole", 3}, {"text", "ü\t"}, {"truth", true}, {"nan", limits::quiet_NaN()},
               {"list", std::vector<double>{1, 2.5}}});
    run.event("config", aether::Level::info, 0, "Parameters", {{"lr", 0.01}, {"layers", 3}});
    run.event("long", aether::Level::info, 0, "x", {{"text", std::string(2 << 20, 'x')}});
    run.artifact(argv[1], "model", "model");
}
