module skep

go 1.19
