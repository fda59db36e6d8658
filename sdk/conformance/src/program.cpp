#include "../../cpp/aether.hpp"

#include <limits>

int main(int, char** argv) {
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
