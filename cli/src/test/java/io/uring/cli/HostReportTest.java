package io.uring.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostReportTest {

    @TempDir Path root;

    @Test
    void factsAreReadFromTheFilesOfTheKernel() throws Exception {
        file("proc/sys/kernel/osrelease", "6.18.1-made-up\n");
        file("proc/sys/kernel/io_uring_disabled", "1\n");
        file("proc/sys/kernel/io_uring_group", "-1\n");
        file("proc/self/status", "Name:\tjava\nSeccomp:\t2\nSeccomp_filters:\t1\n");
        file(
                "proc/self/limits",
                """
                Limit                     Soft Limit           Hard Limit           Units
                Max open files            1024                 524288               files
                Max locked memory         8388608              unlimited            bytes
                """);

        HostReport host = HostReport.read(root, Map.of());

        assertEquals("6.18.1-made-up", host.kernel());
        assertEquals(1, host.ioUringDisabled());
        assertEquals(-1, host.ioUringGroup());
        assertEquals(2, host.seccompMode());
        assertEquals(new HostReport.Limit(1024, 524_288), host.openFiles());
        assertEquals(
                new HostReport.Limit(8 << 20, HostReport.Limit.UNLIMITED),
                host.lockedMemoryBytes());
        assertNull(host.container());
    }

    @Test
    void missingFilesAreUnknownFacts() {
        HostReport host = HostReport.read(root, Map.of());

        assertEquals(System.getProperty("os.version"), host.kernel());
        assertNull(host.lockedMemoryBytes());
        assertNull(host.openFiles());
        assertNull(host.ioUringDisabled());
        assertNull(host.seccompMode());
    }

    @Test
    void containersAreToldByTheirMarks() throws Exception {
        assertEquals("lxc", HostReport.read(root, Map.of("container", "lxc")).container());
        file("proc/1/cgroup", "0::/kubepods/besteffort/pod1\n");
        assertEquals("kubepods", HostReport.read(root, Map.of()).container());
        file(".dockerenv", "");
        assertEquals("docker", HostReport.read(root, Map.of()).container());
        file("run/.containerenv", "");
        assertEquals("podman", HostReport.read(root, Map.of()).container());
        file("run/systemd/container", "systemd-nspawn");
        assertEquals("systemd-nspawn", HostReport.read(root, Map.of()).container());
        Map<String, String> pod = Map.of("KUBERNETES_SERVICE_HOST", "10.0.0.1");
        assertEquals("kubernetes", HostReport.read(root, pod).container());
    }

    @Test
    void thisMachineTellsItsLimits() {
        HostReport host = HostReport.read(Path.of("/"), System.getenv());

        assertNotNull(host.lockedMemoryBytes());
        assertNotNull(host.openFiles());
        assertNotNull(host.seccompMode());
    }

    private void file(String name, String content) throws Exception {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }
}
