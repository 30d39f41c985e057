/**
 * Compiles programs with the installed TypeScript in this process: no `tsc` to start, and the declarations
 * of the language and of Node are parsed once per test file.
 */
import ts from "typescript";
import { ROOT } from "./paths.js";

/** A compiler error and its place. */
export interface CompilerError {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly code: number;
  readonly text: string;
}

/** The ways a package is resolved. */
export const RESOLUTIONS = {
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
} as const satisfies Record<string, ts.CompilerOptions>;

/** The strictest settings, with the smallest `lib` that supports `await using`. */
export const STRICT: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts", "lib.esnext.disposable.d.ts"],
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  skipLibCheck: true,
  sourceMap: false,
  ...RESOLUTIONS.nodenext,
};

type CompiledProgram = Map<string, ts.SourceFile | undefined>;
const parsed: CompiledProgram = new Map();

/** Parses each file once per module format. Files in `texts` replace those on disk. */
export function compilerHost(
  options: ts.CompilerOptions,
  texts: ReadonlyMap<string, string> = new Map(),
): ts.CompilerHost {
  const host = ts.createCompilerHost(options, true);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  host.getSourceFile = (name, how, ...rest) => {
    const text = texts.get(name);
    if (text !== undefined) return ts.createSourceFile(name, text, how, true);
    if (!/\.d\.[cm]?ts$/.test(name)) return getSourceFile(name, how, ...rest);
    const key = `${name}|${JSON.stringify(how)}`;
    if (!parsed.has(key)) parsed.set(key, getSourceFile(name, how, ...rest));
    return parsed.get(key);
  };
  return host;
}

/**
 * Compile.
 *
 * @param files - Absolute paths.
 * @param options - What differs from {@link STRICT}.
 * @param texts - Files that need not be on disk, by absolute path.
 * @returns The program and the compiler errors; the caller may emit.
 */
export function compile(
  files: readonly string[],
  options: ts.CompilerOptions = {},
  texts?: ReadonlyMap<string, string>,
): { readonly program: ts.Program; readonly compileErrors: CompilerError[] } {
  const all = { ...STRICT, ...options };
  const program = ts.createProgram(files, all, compilerHost(all, texts));
  const { declaration = false } = all;
  const found = [
    ...ts.getPreEmitDiagnostics(program),
    ...(declaration ? program.getDeclarationDiagnostics() : []),
  ];
  return { program, compileErrors: found.map(compileError) };
}

function compileError({ file, start = 0, code, messageText }: ts.Diagnostic): CompilerError {
  const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
  const text = ts.flattenDiagnosticMessageText(messageText, "\n");
  return { file: file?.fileName ?? "", line, code, text };
}

/** Print an error as the compiler does. */
export function readable({ file, line, code, text }: CompilerError): string {
  return `${file}:${line} TS${code}: ${text}`;
}

/** The options this repository is compiled with. */
export function ownOptions(): ts.CompilerOptions {
  const path = `${ROOT}tsconfig.json`;
  const { config } = ts.readConfigFile(path, ts.sys.readFile) as { readonly config: unknown };
  return ts.parseJsonConfigFileContent(config, ts.sys, ROOT, undefined, path).options;
}
