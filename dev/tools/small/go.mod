module tandem.dev/dev/tools/small

go 1.26.0
