"""What commands share towards people: options, output, progress, periods, failures."""
