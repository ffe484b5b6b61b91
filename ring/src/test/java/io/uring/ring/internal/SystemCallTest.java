package io.uring.ring.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.uring.ring.CProgram;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SystemCallTest {
    @Test
    void numbersAreThoseOfThisMachine(@TempDir Path directory) throws IOException {
        CProgram c = new CProgram();
        for (SystemCall call : SystemCall.values()) {
            c.expect("SYS_" + call.name().toLowerCase(Locale.ROOT), call.number());
        }
        c.verify(directory, "sys/syscall.h");
    }

    /** What aarch64 and riscv64 share, whatever this machine is. */
    @Test
    void numbersOfTheGenericTableAreThoseOfItsHeader(@TempDir Path directory) throws IOException {
        CProgram c = new CProgram();
        for (SystemCall call : SystemCall.values()) {
            c.expect("__NR_" + call.name().toLowerCase(Locale.ROOT), call.number(false));
        }
        c.verify(directory, "asm-generic/unistd.h");
    }

    @Test
    void thisMachineIsSupported() {
        assertNull(SystemCall.UNSUPPORTED);
        assertNull(LinuxKernel.failure());
    }

    @Test
    void resultIsTheKernelsOrMinusErrno() {
        assertEquals(-9, LinuxKernel.instance().call(SystemCall.CLOSE, -1, 0));
        assertEquals(-22, LinuxKernel.instance().map(0, -1, 0));
        assertEquals(-14, LinuxKernel.instance().setup(1, 0));
    }
}
