package io.uring.simulation;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The descriptors of the process: the lowest free number is next, as on Linux. */
final class Descriptors {
    private static final int FIRST = 3;

    private final World world;
    private final List<@Nullable OpenFile> files = new ArrayList<>();
    private int open;

    Descriptors(World world) {
        this.world = world;
    }

    int add(OpenFile file) {
        file.retain();
        open++;
        for (int i = 0; i < files.size(); i++) {
            if (files.get(i) == null) {
                files.set(i, file);
                return FIRST + i;
            }
        }
        files.add(file);
        return FIRST + files.size() - 1;
    }

    @Nullable OpenFile get(int fd) {
        int index = fd - FIRST;
        return index >= 0 && index < files.size() ? files.get(index) : null;
    }

    /** Closes it for somebody. */
    boolean close(int fd, Object closer) {
        OpenFile file = get(fd);
        if (file == null) {
            world.problem("closed twice: descriptor " + fd + " by " + closer);
            return false;
        }
        boolean socket = file instanceof SimulatedSocket || file instanceof SimulatedDatagramSocket;
        if (socket && file.isHeldBeside()) {
            world.problem(file + " was closed while an operation holds it open, by " + closer);
        }
        files.set(fd - FIRST, null);
        open--;
        file.drop();
        return true;
    }

    int open() {
        return open;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < files.size(); i++) {
            if (files.get(i) != null) {
                text.append(FIRST + i).append(": ").append(files.get(i)).append("; ");
            }
        }
        return text.toString();
    }
}
