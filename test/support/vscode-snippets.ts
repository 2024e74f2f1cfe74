/*
 * The code that VS Code's Jupyter extension runs in every kernel whose language is Python, word for word as of microsoft/vscode-jupyter 2026.6.1
 * (MIT). Where a script is long, `…` stands in a comment for what is left out of its middle.
 */

/** `src/kernels/kernel.ts`: which ipywidgets there is. */
export const widgetsProbe = `try:
    import ipywidgets as _VSCODE_ipywidgets
    print("e976ee50-99ed-4aba-9b6b-9dcd5634d07d:IPyWidgets:" + _VSCODE_ipywidgets.__version__)
    del _VSCODE_ipywidgets
except:
    pass`;

/** `src/kernels/chat/generator.ts`. */
const chat = `
def __VSCODE_inject_module():

    def __VSCODE_call_function(function, callback, data=None):
        __VSCODE_send_chat_message__(function, data, callback=callback)

    def __VSCODE_send_chat_message__(function, data, callback):
        requests = {}
        try:
            requests = __VSCODE_send_chat_message__.__requests
        except Exception:
            __VSCODE_send_chat_message__.__requests = requests

        import uuid as __VSCODE_send_chat_message__uuid
        import IPython.display as __VSCODE_send_chat_message__ipython_display

        id = str(__VSCODE_send_chat_message__uuid.uuid4())
        requests[id] = callback
        data_is_none = data is None
        __VSCODE_send_chat_message__ipython_display.display({"application/vnd.vscode.chat_message": data}, metadata={"id":id, "function": function, "dataIsNone": data_is_none}, raw=True)

        del __VSCODE_send_chat_message__ipython_display
        del __VSCODE_send_chat_message__uuid

    # …

    import sys as __VSCODE_send_chat_message__sys
    import IPython as __VSCODE_send_chat_message__IPython
    chat = type(__VSCODE_send_chat_message__IPython)("chat")
    chat.send_message = __VSCODE_send_chat_message__
    chat.call_function = __VSCODE_call_function
    chat.__on_message = __VSCODE_on_chat_message
    __VSCODE_send_chat_message__sys.modules["vscode"] = type(__VSCODE_send_chat_message__IPython)("vscode")
    __VSCODE_send_chat_message__sys.modules["vscode"].chat = chat
    del __VSCODE_send_chat_message__sys
    del __VSCODE_send_chat_message__IPython


__VSCODE_inject_module()
del __VSCODE_inject_module
`;

/** `pythonFiles/vscode_datascience_helpers/kernel/addRunCellHook.py`, for the interactive window. */
const runCellHook = `import types as _VSCODE_types
import os
import hashlib as _VSCODE_hashlib
from IPython import get_ipython

# Variable that prevent wrapping from happing more than_once
__VSCODE_wrapped_run_cell = False

# …

# Double check this still exists on IPython
if get_ipython() and get_ipython().run_cell and not __VSCODE_wrapped_run_cell:
    get_ipython().run_cell = __VSCODE_wrap_run_cell(get_ipython().run_cell)
`;

const disableJedi = '%config Completer.use_jedi = False';

/** With the setting `jupyter.themeMatplotlibPlots`. */
const matplotlibTheme = `try:
    import matplotlib
    %matplotlib inline
    _VSCode_defaultMatplotlib_Params = dict(matplotlib.rcParams)
${'    '}
    matplotlib.style.use('dark_background')
except:
    print('Failed to initialize matplotlib startup code. Matplotlib might be missing.')`;

/** Where a Jupyter server runs the kernel, which knows nothing of the notebook's directory. */
const workingDirectory = `
import os as _VSCODE_os
try:
    _VSCODE_os.chdir('/home/jo')
except:
    pass

del _VSCODE_os
`;

/** `gatherInternalStartupCode` of `src/kernels/kernel.ts`: all start-up code is one request. */
export function startUpCode(notebook: string): string {
  return [chat, `__vsc_ipynb_file__ = "${notebook}"`, disableJedi].join('\n');
}

/** `src/standalone/api/kernels/backgroundExecution.ts`: code with a `return`, run in a thread, and its result in a later message. */
export function inBackground(counter: number, code: readonly string[]): string {
  const mime = `application/vnd.vscode.bg.execution.${counter}`;
  return `
def __jupyter_exec_background__():
    from IPython.display import display
    from threading import Thread
    from traceback import format_exc

    # First send a dummy response to get the display id.
    # Later we'll send the real response with the actual data.
    # And that can happen much later even after the execution completes,
    # as that response will be sent from a bg thread.
    output = display({"${mime}": ""}, raw=True, display_id=True)

    def do_implementation():
        ${code.map((line, i) => (i === 0 ? line : `        ${line}`)).join('\n')}

    def bg_main():
        try:
            output.update({"${mime}.result": do_implementation()}, raw=True)
        except Exception as e:
            output.update({"${mime}.error": format_exc()}, raw=True)


    Thread(target=bg_main, daemon=True).start()


__jupyter_exec_background__()
del __jupyter_exec_background__
`.trim();
}

/** `src/kernels/chat/generator.ts`, `escapeStringToEmbedInPythonCode`. */
function pythonText(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\f/g, '\\f').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t');
}

/** `src/standalone/intellisense/kernelCompletionProvider.ts`; the offset is UTF-16. */
export function doComplete(code: string, offset: number): string {
  return `return get_ipython().kernel.do_complete("${pythonText(code)}", ${offset})`;
}

/** `src/standalone/intellisense/resolveCompletionItem.ts`. */
export function doInspect(code: string, offset: number): string {
  return `return get_ipython().kernel.do_inspect("${pythonText(code)}", ${offset}, 0)`;
}

const variableInfo = `def _VSCODE_getVariable(what_to_get, is_debugging, *args):
    # Query Jupyter server for the info about a dataframe
    import json as _VSCODE_json
    import builtins as _VSCODE_builtins
    # …
`;

/** `src/platform/interpreter/variableScriptGenerator.ts`, for the variables view of the panel: after each cell while it is open. */
export const variableTypes = `${variableInfo}

_VSCODE_rwho_ls = %who_ls
_VSCODE_getVariable("types", False, _VSCODE_rwho_ls)

try:
    del _VSCODE_getVariable
except:
    pass
try:
    del _VSCODE_rwho_ls
except:
    pass`;

/** The same for VS Code's own variables view, in the background. */
export const variableDescriptions = `# Copyright (c) Microsoft Corporation. All rights reserved.
# Licensed under the MIT License. See LICENSE in the project root
# for license information.

# Gotten from ptvsd for supporting the format expected there.
import sys
# …

variables= %who_ls
return _VSCODE_getVariableDescriptions(variables)`.split('\n');

/** What is answered with nothing at all. */
export const chores: Readonly<Record<string, string>> = {
  'the look for ipywidgets': widgetsProbe,
  'the start-up code of a notebook': startUpCode('/home/jo/a.ipynb'),
  'the start-up code with a theme for plots': [chat, '__vsc_ipynb_file__ = "c:\\\\Users\\\\jo\\\\a.ipynb"', disableJedi, matplotlibTheme].join('\n'),
  'the start-up code without Jedi switched off': [chat, '__vsc_ipynb_file__ = "/home/jo/a.ipynb"'].join('\n'),
  'the start-up code of an interactive window': [runCellHook, chat, disableJedi].join('\n'),
  'the start-up code over a Jupyter server': [chat, disableJedi, workingDirectory].join('\n'),
  'the theme for plots of versions before': [disableJedi, matplotlibTheme].join('\n'),
  "the interpreter's path, for telemetry": 'import sys as _VSCODE_sys\nprint(_VSCODE_sys.executable); del _VSCODE_sys',
  "the interpreter's path, for Pylance": `
import os as _VSCODE_os
import sys as _VSCODE_sys
import builtins as _VSCODE_builtins

if _VSCODE_os.path.exists('/home/jo/.vscode/extensions/ms-toolsai.jupyter/dist/extension.node.js'):
    _VSCODE_builtins.print(f"EXECUTABLE{_VSCODE_sys.executable}EXECUTABLE")

del _VSCODE_os, _VSCODE_sys, _VSCODE_builtins
`,
  'what widgets a Jupyter server has': `# Copyright (c) Microsoft Corporation. All rights reserved.
# Licensed under the MIT License.

# Source borrowed from site-packages/jupyter_core/paths.py

# ingore flake8 undefined variable errors since it doesn't like these temporary imports
# flake8: noqa: F821


def __vsc_print_nbextension_widgets():
    import os as __vscode_os
    # …


__vsc_print_nbextension_widgets()

del __vsc_print_nbextension_widgets
`,
  "pandas' version, for the data viewer":
    'import pandas as _VSCODE_pandas;print(_VSCODE_pandas.__version__);print("5dc3a68c-e34e-4080-9c3e-2a532b2ccb4d"); del _VSCODE_pandas',
  'the columns of a data frame': `def _VSCODE_getDataFrame(what_to_get, is_debugging, *args):
    import pandas as _VSCODE_pd
    # …


_VSCODE_getDataFrame("info", False, df)

try:
    del _VSCODE_getDataFrame
except:
    pass`,
  'one variable': `${variableInfo}

_VSCODE_getVariable("info", False, x)

try:
    del _VSCODE_getVariable
except:
    pass`,
  'the packages, for a chat': inBackground(7, ['import subprocess', 'proc = subprocess.Popen(["pip", "list", "--format", "json"], stdout=subprocess.PIPE)', 'return proc.communicate()[0]']),
  "an answer to the notebook's chat": `
import vscode as __vscode
try:
    __vscode.chat.__on_message('1', "x")
finally:
    del __vscode
`,
  'whether ipykernel can debug': `import builtins
import ipykernel
builtins.print("5dc3a68c-e34e-4080-9c3e-2a532b2ccb4d" + ipykernel.__version__ + "5dc3a68c-e34e-4080-9c3e-2a532b2ccb4d")`,
  "the debugger's path": "import sys as _VSCODE_sys\n_VSCODE_sys.path.extend(['/debugpy'])\n_VSCODE_sys.path\ndel _VSCODE_sys",
  'a debugger that listens': "import debugpy;debugpy.listen(('localhost', 0))",
  'a debugger that waits': 'import debugpy;debugpy.wait_for_client()',
  'a debugger that traces': 'from debugpy import trace_this_thread;trace_this_thread(True)',
  'a debugger in a cell': 'import debugpy\ndebugpy.debug_this_thread()',
  'the files of a debugger': `import os as _VSCODE_os
_VSCODE_fileList = ['/tmp/x']
for file in _VSCODE_fileList:
    try:
        _VSCODE_os.remove(file)
    except:
        pass
del _VSCODE_fileList
del _VSCODE_os`,
};
