process.stdout.write("plinth\n");
