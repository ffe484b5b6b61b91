package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Compares entries byte for byte with expectations such as {@code opcode@0/1=27 fd@4/4=7}: {@code
 * name@offset/bytes=value}, all other bytes zero. A value may be the name of an address that is
 * known at run time only.
 */
final class SqeBytes {
    private static final byte POISON = (byte) 0xA5;
    private static final Arena ARENA = Arena.ofAuto();

    private SqeBytes() {}

    /**
     * Prepares on poisoned slots of both sizes, with and without user data behind it, and compares
     * every byte.
     */
    static void assertPrepared(
            String name, Consumer<Sqe> preparation, String expectation, Map<String, Long> symbols) {
        Consumer<Sqe> withUserData =
                sqe -> {
                    preparation.accept(sqe);
                    sqe.userData(0x8000000000000001L);
                };
        String userData = expectation + " user_data@32/8=0x8000000000000001";
        for (int entryBytes : new int[] {64, 128}) {
            assertEntry(name, preparation, expectation, symbols, entryBytes);
            assertEntry(name, withUserData, userData, symbols, entryBytes);
        }
    }

    private static void assertEntry(
            String name,
            Consumer<Sqe> preparation,
            String expectation,
            Map<String, Long> symbols,
            int entryBytes) {
        MemorySegment slot = poisoned(entryBytes);
        preparation.accept(new Sqe(KernelSupport.ALL, entryBytes).at(slot.address()));
        assertEquals(hex(expected(expectation, symbols, entryBytes)), hex(slot), name);
    }

    /** An entry outside of any queue. */
    static Sqe detached() {
        return new Sqe().at(poisoned(64).address());
    }

    static MemorySegment poisoned(int bytes) {
        return ARENA.allocate(bytes, 8).fill(POISON);
    }

    static byte[] expected(String fields, Map<String, Long> symbols, int entryBytes) {
        ByteBuffer bytes = ByteBuffer.allocate(entryBytes).order(ByteOrder.nativeOrder());
        for (String field : fields.split(" ", -1)) {
            int offset = Integer.parseInt(between(field, "@", "/"));
            int size = Integer.parseInt(between(field, "/", "="));
            long value = value(field.substring(field.indexOf('=') + 1), symbols);
            switch (size) {
                case 1 -> bytes.put(offset, (byte) value);
                case 2 -> bytes.putShort(offset, (short) value);
                case 4 -> bytes.putInt(offset, (int) value);
                case 8 -> bytes.putLong(offset, value);
                default -> throw new AssertionError(field);
            }
        }
        return bytes.array();
    }

    private static String between(String text, String from, String to) {
        return text.substring(text.indexOf(from) + 1, text.indexOf(to));
    }

    private static long value(String text, Map<String, Long> symbols) {
        Long symbol = symbols.get(text);
        if (symbol != null) {
            return symbol;
        }
        return text.startsWith("0x")
                ? Long.parseUnsignedLong(text.substring(2), 16)
                : Long.parseLong(text);
    }

    static String hex(MemorySegment segment) {
        return hex(segment.toArray(ValueLayout.JAVA_BYTE));
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
