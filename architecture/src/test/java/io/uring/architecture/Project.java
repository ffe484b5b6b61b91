package io.uring.architecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What the rules are about: the compiled classes and the source files of this checkout. */
final class Project {
    /** Bottom up: the arrows of the dependencies point to the left. */
    static final List<String> LAYERS =
            List.of(
                    "ring",
                    "reactor",
                    "net",
                    "jetty",
                    "netty",
                    "vertx",
                    "reactornetty",
                    "grpc",
                    "cli");

    /** Surefire starts in the directory of the module. */
    static final Path ROOT = Path.of("").toAbsolutePath().getParent();

    private Project() {}

    static JavaClasses classes() {
        return new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.uring");
    }

    /** All main sources, in the order of their names. */
    static List<Path> mainSources() {
        try (Stream<Path> modules = Files.list(ROOT)) {
            return modules.map(module -> module.resolve("src/main/java"))
                    .filter(Files::isDirectory)
                    .flatMap(Project::javaFiles)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + ROOT, e);
        }
    }

    private static Stream<Path> javaFiles(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot walk " + directory, e);
        }
    }
}
