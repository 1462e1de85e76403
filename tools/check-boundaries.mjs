// Who may import whom (docs/architecture.md): reads tags, declared dependencies, references and every import, and
// names each one that breaks a rule. `check-boundaries.mjs [ROOT]`; exit 1 when there is one.
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** layer -> the layers that it may import. A project without a known layer may import nothing. */
const allowed = {
  core: ['core'],
  decoders: ['decoders'],
  contracts: ['core'],
  ports: ['core', 'decoders'],
  config: ['core'],
  services: ['core', 'decoders', 'contracts', 'ports', 'config', 'services'],
  adapters: ['core', 'decoders', 'ports', 'contracts', 'config', 'adapters'],
  platform: ['ports', 'contracts', 'config'],
  testing: ['core', 'decoders', 'contracts', 'ports', 'config', 'services'],
  app: ['services', 'adapters', 'platform', 'ports', 'contracts', 'config'],
  tools: ['services', 'adapters', 'ports', 'contracts', 'config', 'core', 'decoders'],
};

/** Third-party packages by layer; the others may use what their package.json declares. */
const packagesAllowed = {
  core: [],
  decoders: [],
  contracts: ['zod'],
  ports: [],
  config: ['zod', 'yaml', '@rgrove/parse-xml'],
  services: [],
};
const noNode = new Set(['core', 'decoders', 'contracts', 'ports', 'config', 'services']);

/** Folders of `services` and `adapters` that the other folders may import. */
const openFolders = { services: ['role-watch', 'pair-view', 'stale-watch'], adapters: [] };

/** Folders of `adapters` that choose between others: what each may import. */
const choosers = { stores: ['postgres', 'mssql'], 'name-servers': ['bind-dns'] };

/** Specs may reach further: they join parts on purpose. */
const isSpec = (file) => file.endsWith('.spec.ts');

export function checkBoundaries(root) {
  const faults = [];
  const projects = readProjects(root);
  const byName = new Map(projects.map((project) => [project.name, project]));
  for (const project of projects) {
    for (const target of Object.keys(project.declared).filter((name) => byName.has(name))) {
      const layer = byName.get(target).layer;
      if (!(allowed[project.layer] ?? []).includes(layer))
        faults.push(`${project.path}/package.json: ${project.layer} may not depend on ${target}`);
      if (!project.references.includes(byName.get(target).path))
        faults.push(
          `${project.path}/tsconfig.json: no reference to ${byName.get(target).path}, which package.json names`,
        );
    }
    for (const reference of project.references) {
      const name = projects.find(({ path }) => path === reference)?.name;
      if (name && !(name in project.declared))
        faults.push(`${project.path}/tsconfig.json: reference to ${reference}, which package.json does not name`);
    }
    for (const file of sourceFiles(join(root, project.path, 'src'))) {
      for (const specifier of importsOf(readFileSync(file, 'utf8'))) {
        const fault = faultOf(project, file, specifier, byName, root);
        if (fault) faults.push(`${relative(root, file)}: ${fault}`);
      }
    }
  }
  return faults;
}

function faultOf(project, file, specifier, byName, root) {
  const { layer } = project;
  if (specifier.startsWith('.')) {
    const target = resolve(dirname(file), specifier);
    const inside = relative(join(root, project.path), target);
    // The pair is a part of tools and stands on its set-up.
    if (layer === 'tools' && relative(root, target).startsWith('tools/')) return null;
    if (inside.startsWith('..'))
      return isSpec(file) && relative(root, target).startsWith('test/') ? null : `"${specifier}" leaves the package`;
    return isSpec(file)
      ? null
      : folderFault(
          layer,
          folderOf(join(root, project.path, 'src'), file),
          folderOf(join(root, project.path, 'src'), target),
        );
  }
  if (isSpec(file)) return null;
  if (specifier.startsWith('node:')) return noNode.has(layer) ? `${layer} may not import ${specifier}` : null;
  const [name, folder] = packageOf(specifier);
  const target = byName.get(name);
  if (!target) {
    if (packagesAllowed[layer] && !packagesAllowed[layer].includes(name)) return `${layer} may not import ${name}`;
    return name in project.declared ? null : `${name} is not declared in ${project.path}/package.json`;
  }
  if (!(allowed[layer] ?? []).includes(target.layer)) return `${layer} may not import ${target.layer} (${specifier})`;
  if (target === project) return folderFault(layer, folderOf(join(root, project.path, 'src'), file), folder);
  if (!(name in project.declared)) return `${name} is not declared in ${project.path}/package.json`;
  if (folder?.includes('/')) return `"${specifier}" reaches into a package; import its folder's entry`;
  return null;
}

/** In `services` and `adapters` a folder is a package of its own; in an adapter's folder only its own technology lives. */
function folderFault(layer, from, to) {
  if (layer !== 'services' && layer !== 'adapters') return null;
  if (!from || !to || from === to || openFolders[layer].includes(to)) return null;
  if (layer === 'adapters' && choosers[from]?.includes(to)) return null;
  return `${layer}/${from} may not import ${layer}/${to}`;
}

const folderOf = (src, file) => relative(src, file).split('/')[0];

function packageOf(specifier) {
  const parts = specifier.split('/');
  const length = specifier.startsWith('@') ? 2 : 1;
  return [parts.slice(0, length).join('/'), parts.slice(length).join('/') || undefined];
}

function importsOf(source) {
  const found = [];
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'"\n;]*?(?:\{[^}]*\}[^'"\n;]*?)?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
  for (const match of source.matchAll(pattern)) found.push(match[1] ?? match[2] ?? match[3]);
  return found;
}

function readProjects(root) {
  const folders = ['apps', 'libs'].flatMap((top) =>
    existsSync(join(root, top)) ? readdirSync(join(root, top)).map((name) => `${top}/${name}`) : [],
  );
  if (existsSync(join(root, 'tools/pair/package.json'))) folders.push('tools/pair');
  return folders
    .filter((path) => existsSync(join(root, path, 'package.json')))
    .map((path) => {
      const manifest = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
      const tsconfig = existsSync(join(root, path, 'tsconfig.json'))
        ? JSON.parse(readFileSync(join(root, path, 'tsconfig.json'), 'utf8'))
        : {};
      const layer = (manifest.nx?.tags ?? []).find((tag) => tag.startsWith('layer:'))?.slice('layer:'.length);
      return {
        path,
        name: manifest.name,
        layer,
        declared: { ...manifest.dependencies, ...manifest.devDependencies },
        references: (tsconfig.references ?? []).map((reference) => relative(root, resolve(root, path, reference.path))),
      };
    });
}

function* sourceFiles(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const faults = checkBoundaries(resolve(process.argv[2] ?? '.'));
  for (const fault of faults) console.error(fault);
  console.log(faults.length === 0 ? 'boundaries: kept' : `boundaries: ${faults.length} broken`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
