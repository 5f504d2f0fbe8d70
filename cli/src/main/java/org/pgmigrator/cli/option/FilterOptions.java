package org.pgmigrator.cli.option;

import java.util.List;
import java.util.function.Function;
import org.pgmigrator.core.config.FilterConfig;
import picocli.CommandLine.Option;

/// Which schemas and tables move. Each option may be repeated, and takes several names separated by commas.
public final class FilterOptions {

    @Option(
            names = "--include-schema",
            paramLabel = "<schemas>",
            description = "Only these schemas, separated by commas; repeatable. Bare names are folded to lower case, "
                    + "\"quoted\" ones are exact. Default: all.")
    private List<String> includeSchemas = List.of();

    @Option(
            names = "--exclude-schema",
            paramLabel = "<schemas>",
            description = "Not these schemas; same form. Default: none.")
    private List<String> excludeSchemas = List.of();

    @Option(
            names = "--include-table",
            paramLabel = "<tables>",
            description = "Only these tables (schema.table; public when there is no schema); same form. Default: all.")
    private List<String> includeTables = List.of();

    @Option(
            names = "--exclude-table",
            paramLabel = "<tables>",
            description = "Not these tables; same form. Default: none.")
    private List<String> excludeTables = List.of();

    public FilterConfig toConfig() {
        return new FilterConfig(
                read("--include-schema", includeSchemas, NameList::schemas),
                read("--exclude-schema", excludeSchemas, NameList::schemas),
                read("--include-table", includeTables, NameList::tables),
                read("--exclude-table", excludeTables, NameList::tables));
    }

    private static <T> List<T> read(String option, List<String> values, Function<List<String>, List<T>> reader) {
        try {
            return reader.apply(values);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
        }
    }
}
