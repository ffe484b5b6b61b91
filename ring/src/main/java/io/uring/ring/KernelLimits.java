package io.uring.ring;

import io.uring.ring.internal.LinuxKernel;
import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;

/**
 * What the kernel itself says it knows. Needs no ring. Kernel 6.18.
 *
 * <pre>{@code
 * int operations = KernelLimits.query().opcodes(); // 63 on 6.18
 * }</pre>
 *
 * @param opcodes operations, by number from 0
 * @param registerOpcodes register calls, by number from 0
 * @param features bits of io_uring_params.features
 * @param setupFlags bits of io_uring_setup
 * @param enterFlags bits of io_uring_enter
 * @param sqeFlags bits of an entry's flags
 */
public record KernelLimits(
        int opcodes,
        int registerOpcodes,
        long features,
        long setupFlags,
        long enterFlags,
        long sqeFlags) {
    private static final int BLIND = -1;

    /**
     * @throws UnavailableException when the kernel is older than 6.18, or has no io_uring
     */
    public static KernelLimits query() {
        Availability.ensureSystemCalls();
        try (Arena scratch = Arena.ofConfined()) {
            long data = scratch.allocate(RegisterAbi.QUERY_OPCODE_BYTES, Long.BYTES).address();
            long header = scratch.allocate(RegisterAbi.QUERY_HDR_BYTES, Long.BYTES).address();
            NativeMemory.putLong(header + RegisterAbi.QUERY_HDR_DATA, data);
            NativeMemory.putInt(
                    header + RegisterAbi.QUERY_HDR_SIZE, RegisterAbi.QUERY_OPCODE_BYTES);
            long called =
                    LinuxKernel.instance().register(BLIND, RegisterAbi.REGISTER_QUERY, header, 0);
            if (called < 0 || NativeMemory.getInt(header + RegisterAbi.QUERY_HDR_RESULT) < 0) {
                throw Availability.tooOld("register call QUERY", "6.18");
            }
            return new KernelLimits(
                    NativeMemory.getInt(data + RegisterAbi.QUERY_OPCODE_REQUESTS),
                    NativeMemory.getInt(data + RegisterAbi.QUERY_OPCODE_REGISTERS),
                    NativeMemory.getLong(data + RegisterAbi.QUERY_OPCODE_FEATURES),
                    NativeMemory.getLong(data + RegisterAbi.QUERY_OPCODE_SETUP),
                    NativeMemory.getLong(data + RegisterAbi.QUERY_OPCODE_ENTER),
                    NativeMemory.getLong(data + RegisterAbi.QUERY_OPCODE_SQE));
        }
    }
}
