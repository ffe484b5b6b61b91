package io.uring.netty;

import org.junit.jupiter.api.Timeout;

/** As on kernels before 6.0. */
@Timeout(180)
class UdpWithoutMultishotSuiteTest extends DatagramSuite {
    private static final DatagramCombos COMBOS = new DatagramCombos("MULTISHOT_RECV,PBUF_RING");

    @Override
    DatagramCombos combos() {
        return COMBOS;
    }
}
