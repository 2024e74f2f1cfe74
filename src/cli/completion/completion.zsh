#compdef databricks-kernel
# Completion of databricks-kernel for zsh: source <(databricks-kernel completion zsh), or as the file _databricks-kernel in a folder of $fpath

_databricks-kernel() {
  local line description
  local -a lines offered
  lines=("${(@f)$(databricks-kernel complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ ${lines[1]} == :files ]]; then
    _files
    return
  fi
  for line in $lines; do
    description=${line#*$'\t'}
    offered+=("${${line%%$'\t'*}//:/\\:}${description:+:$description}")
  done
  _describe 'databricks-kernel' offered
}

if [[ ${funcstack[1]} == _databricks-kernel ]]; then
  _databricks-kernel "$@"
else
  compdef _databricks-kernel databricks-kernel
fi
