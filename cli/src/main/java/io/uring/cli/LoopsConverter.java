package io.uring.cli;

import picocli.CommandLine.ITypeConverter;

/** How many event loops, each one thread. */
final class LoopsConverter implements ITypeConverter<Integer> {

    /** Far above any use (one per core is enough), far below what exhausts threads or memory. */
    private static final int HIGHEST = 1024;

    LoopsConverter() {}

    @Override
    public Integer convert(String text) {
        return PortConverter.within(1, HIGHEST, text);
    }
}
