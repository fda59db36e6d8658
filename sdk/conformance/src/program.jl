include("../../julia/Aether.jl")

run = Aether.begin_run("conformance", "größe \"one\"")
for step in 1:100
    Aether.log(run, step, "loss" => 1 / step, "größe/λ" => -0.5 * step)
end
for (i, value) in enumerate([NaN, Inf, -Inf, -0.0, 5e-324])
    Aether.log(run, 100 + i; loss = value)
end
Aether.log(run, 2^53, "huge" => 1)
Aether.log(run, 0, "huge" => 0)
Aether.log(run, 1, "two\nlines\t\"quoted\"" => 1)
Aether.log(run, 7, Dict("many/$i" => i for i in 0:4999))
Aether.event(run, "note", "warning", 3, "a \"quoted\"\nline, größer", Dict(
    "number" => 0.1, "whole" => 3, "text" => "ü\t", "truth" => true, "nan" => NaN, "list" => [1, 2.5]))
Aether.event(run, "config", "info", 0, "Parameters", Dict("lr" => 0.01, "layers" => 3))
Aether.event(run, "long", "info", 0, "x", Dict("text" => "x"^(2 << 20)))
Aether.artifact(run, ARGS[1], "model", "model")
Aether.finish(run)
