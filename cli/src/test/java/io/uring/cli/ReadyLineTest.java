package io.uring.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class ReadyLineTest {

    private static final String KERNEL = System.getProperty("os.version");

    @Test
    void addressTransportKernelAndLoopsAreNamed() throws Exception {
        assertEquals(
                "READY http://127.0.0.1:80/ transport=uring kernel=" + KERNEL + " loops=3",
                ReadyLine.web("http", bound("127.0.0.1"), Transport.URING, 3));
    }

    @Test
    void ipv6AddressIsBracketed() throws Exception {
        String line = ReadyLine.web("https", bound("::1"), Transport.NIO, 1);

        assertTrue(line.startsWith("READY https://[::1]:80/ transport=nio "), line);
    }

    @Test
    void tcpHasNoScheme() throws Exception {
        assertEquals(
                "READY 127.0.0.1:80 transport=uring kernel=" + KERNEL + " loops=1",
                ReadyLine.tcp(bound("127.0.0.1"), 1));
    }

    @Test
    void zerosOfAnIpv6AddressAreShortened() throws Exception {
        assertTrue(
                ReadyLine.tcp(bound("fd00:0:0:1::2"), 1).startsWith("READY [fd00::1:0:0:0:2]:80 "));
        assertTrue(
                ReadyLine.tcp(bound("1:2:3:4:5:6:7:8"), 1).startsWith("READY [1:2:3:4:5:6:7:8]:"));
    }

    @Test
    void wildcardStandsForTheMachinesAddresses() throws Exception {
        String line = ReadyLine.web("http", bound("0.0.0.0"), Transport.NIO, 1);

        assertTrue(line.contains("http://127.0.0.1:80/"), line);
        assertFalse(line.contains("0.0.0.0:"), line);
    }

    private static InetSocketAddress bound(String address) throws Exception {
        return new InetSocketAddress(InetAddress.ofLiteral(address), 80);
    }
}
