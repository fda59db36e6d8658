module aether

go 1.19
