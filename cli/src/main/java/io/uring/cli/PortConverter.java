package io.uring.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A TCP port; 0 lets the kernel choose. */
final class PortConverter implements ITypeConverter<Integer> {

    private static final int HIGHEST = 65_535;

    PortConverter() {}

    @Override
    public Integer convert(String text) {
        return within(0, HIGHEST, text);
    }

    static int within(int lowest, int highest, String text) {
        int value;
        try {
            value = Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + text + "' is not a number");
        }
        if (value < lowest || value > highest) {
            throw new TypeConversionException(
                    text + " is not between " + lowest + " and " + highest);
        }
        return value;
    }
}
